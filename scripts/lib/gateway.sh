# shellcheck shell=bash
# For suites that need a gateway with a broken first upstream; brings scripts/lib/processes.sh along.

# shellcheck source=scripts/lib/processes.sh
source "$(dirname "${BASH_SOURCE[0]}")/processes.sh"

# start_gateway NAME: builds and starts a gateway that is configured by standard input, and waits until it is ready.
start_gateway() {
    cat >"$scratch/$1.yaml"
    cargo build --quiet --locked --package openai-api-route
    start "$1" "${CARGO_TARGET_DIR:-target}/debug/openai-api-route" --config "$scratch/$1.yaml"
    wait_until_ready "$1"
}

wait_until_ready() {
    local address
    address=$(listening_address "$1")
    wait_for_url "$1" "http://$address/readyz"
}

# start_gateway_before URL NAME: starts a gateway, token $OAR_TOKEN, that reaches the upstream NAME at URL after one that
# refuses every connection: nobody listens on port 1 of the loopback. Exports OAR_BASE_URL.
start_gateway_before() {
    start_gateway gateway <<YAML
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
    OAR_BASE_URL=http://$(listening_address gateway)/v1
    export OAR_BASE_URL
}
