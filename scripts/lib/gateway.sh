# shellcheck shell=bash
# For suites that need a gateway with a broken first upstream; brings scripts/lib/processes.sh along.

# shellcheck source=scripts/lib/processes.sh
source "$(dirname "${BASH_SOURCE[0]}")/processes.sh"

# start_gateway_before URL NAME: builds and starts a gateway, token $OAR_TOKEN, that reaches the upstream NAME at URL
# after one that refuses every connection: nobody listens on port 1 of the loopback. Exports OAR_BASE_URL.
start_gateway_before() {
    local address
    cat >"$scratch/config.yaml" <<YAML
address: 127.0.0.1:0
authorization: $OAR_TOKEN
dbaddr: $scratch/db.sqlite
upstreams:
  - name: broken
    sk: key-of-broken
    endpoint: http://127.0.0.1:1/v1
  - name: $2
    sk: key-of-$2
    endpoint: $1
YAML
    cargo build --quiet --locked --package openai-api-route
    start gateway "${CARGO_TARGET_DIR:-target}/debug/openai-api-route" --config "$scratch/config.yaml"
    address=$(listening_address gateway)
    wait_for_url gateway "http://$address/readyz"
    export OAR_BASE_URL=http://$address/v1
}
