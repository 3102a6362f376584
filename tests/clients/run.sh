#!/usr/bin/env bash
# Runs the official `openai` packages of Python and Node against the gateway, whose first upstream is broken.
#
#   tests/clients/run.sh            through the gateway
#   tests/clients/run.sh --direct   at the stand-in itself: tells a wrong suite from a wrong gateway
set -euo pipefail
cd "$(dirname "$0")/../.."

target=${CARGO_TARGET_DIR:-target}
venv=$target/clients-venv
node_suite=tests/clients/node

node_packages() {
    if cmp -s "$node_suite/package-lock.json" "$node_suite/node_modules/.made-from"; then return; fi
    echo "installing the Node packages of $node_suite"
    (cd "$node_suite" && npm ci --ignore-scripts --loglevel error)
    cp "$node_suite/package-lock.json" "$node_suite/node_modules/.made-from"
}

start_standin() {
    cargo build --quiet --locked --package oar-testkit --example standin
    start standin "$target/debug/examples/standin" --listen 127.0.0.1:0
    OAR_STANDIN_URL=http://$(listening_address standin)
}

# The suites that know of a gateway are left out, not skipped, when there is none.
run_python() {
    "$venv/bin/pytest" -q -p no:cacheprovider tests/clients/python "$@"
}

run_node() {
    node --test --test-concurrency=1 "$@"
}

# shellcheck source=scripts/lib/gateway.sh
source scripts/lib/gateway.sh
export TMPDIR=$scratch # what the tools drop goes with the rest
keep_caches_in "$target/cache"
python_packages "$venv" tests/clients/requirements.txt
PATH=$(realpath "$venv")/bin:$PATH
node_packages

export OAR_TOKEN=token-of-the-suite OAR_STANDIN_URL OAR_BASE_URL NO_PROXY=127.0.0.1 PYTHONDONTWRITEBYTECODE=1
start_standin
if [ "${1:-}" = --direct ]; then
    OAR_BASE_URL=$OAR_STANDIN_URL/v1
    run_python --ignore tests/clients/python/test_gateway.py
    run_node "$node_suite"/{api,errors}.test.mjs
else
    start_gateway_before "$OAR_STANDIN_URL/v1" standin
    run_python
    run_node "$node_suite"/*.test.mjs
fi
