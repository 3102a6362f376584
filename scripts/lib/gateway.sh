# shellcheck shell=bash
# For suites that need a gateway; brings scripts/lib/processes.sh along.

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
    wait_for_url "$1" "$(url_of "$1")/readyz"
}
