#!/usr/bin/env bash
# Runs the official `openai` packages of Python and Node against the gateway, whose first upstream is broken, and the
# official `replicate` packages at the stand-in for Replicate.
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

build_examples() {
    cargo build --quiet --locked --package oar-testkit "${@/#/--example=}"
}

start_standin() {
    start "$1" "$target/debug/examples/standin" --listen 127.0.0.1:0
}

# A model's name decides which failures it meets: `error-401` is refused by everybody who is asked, `unreachable` has only
# an upstream that refuses connections (nobody listens on port 1 of the loopback), `unserved` has none, and `unfinished`
# has one without a key.
start_gateway_that_fails() {
    start_gateway gateway <<YAML
address: 127.0.0.1:0
authorization: $OAR_TOKEN
dbaddr: $scratch/db.sqlite
upstreams:
  - name: broken
    sk: key-of-broken
    endpoint: http://127.0.0.1:1/v1
    deny: [error-401, unserved]
  - name: unfinished
    sk: ''
    endpoint: $OAR_STANDIN_URL/v1
    allow: [unfinished]
  - name: standin
    sk: key-of-standin
    endpoint: $OAR_STANDIN_URL/v1
    deny: [unreachable, unserved]
YAML
    OAR_BASE_URL=$(url_of gateway)/v1
}

# Its second upstream breaks every answer off, and its third would answer, if anybody asked it.
start_gateway_that_is_cut() {
    start cutting "$target/debug/examples/cutting"
    OAR_CUTTING_URL=$(url_of cutting)
    start_gateway cut <<YAML
address: 127.0.0.1:0
authorization: $OAR_TOKEN
dbtype: none
upstreams:
  - name: broken
    sk: key-of-broken
    endpoint: http://127.0.0.1:1/v1
  - name: cutting
    sk: key-of-cutting
    endpoint: $OAR_CUTTING_URL/v1
    idle_timeout: 1s
  - name: spare
    sk: key-of-spare
    endpoint: $OAR_SPARE_URL/v1
YAML
    OAR_CUT_URL=$(url_of cut)/v1
}

# The same, but its second upstream is a backend of its own, whose bodies panic.
start_gateway_that_panics() {
    start panicking "$target/debug/examples/panicking" "$OAR_SPARE_URL/v1"
    wait_until_ready panicking
    OAR_PANICKING_URL=$(url_of panicking)/v1
}

# The entry for Replicate as the sample has it, for this endpoint and this key.
sample_for_replicate() {
    sed -n '/^#  - type: replicate$/,/^$/s/^#//p' config.sample.yaml |
        sed -e "s|sk: .*|sk: $OAR_REPLICATE_KEY|" -e "s|endpoint: .*|endpoint: $OAR_REPLICATE_STANDIN_URL/v1|"
}

# The sample's entry serves the model that it allows, `replicate` all others. A model has two upstreams where its name tells
# that Replicate fails `first`, or comes `after` somebody who does.
start_gateway_before_replicate() {
    local overloaded silent
    start replicate "$target/debug/examples/replicate" --listen 127.0.0.1:0 --key "$OAR_REPLICATE_KEY"
    OAR_REPLICATE_STANDIN_URL=$(url_of replicate)
    start overloaded "$target/debug/examples/standin" --listen 127.0.0.1:0 --mode status=503
    overloaded=$(url_of overloaded)
    start silent "$target/debug/examples/standin" --listen 127.0.0.1:0 --mode hang
    silent=$(url_of silent)
    start_gateway translating <<YAML
address: 127.0.0.1:0
authorization: $OAR_TOKEN
dbtype: none
x-replicate: &replicate {type: replicate, sk: $OAR_REPLICATE_KEY, endpoint: "$OAR_REPLICATE_STANDIN_URL/v1"}
x-impatient: &impatient {timeout: 500ms, stream_timeout: 500ms}
upstreams:
$(sample_for_replicate)
  - {name: overloaded, sk: key, endpoint: "$overloaded/v1", allow: [mistralai/after-a-503]}
  - {<<: *impatient, name: silent, sk: key, endpoint: "$silent/v1", allow: [mistralai/after-silence]}
  - {<<: [*replicate, *impatient], name: impatient, allow: [mistralai/never-first]}
  - {<<: *replicate, name: stranger, sk: wrong, allow: [mistralai/wrong-key, mistralai/wrong-key-first]}
  - <<: *replicate
    name: replicate
    deny: [mistralai/mixtral-8x7b-instruct-v0.1, mistralai/never-first, mistralai/wrong-key, mistralai/wrong-key-first]
  - name: openai
    sk: key
    endpoint: $OAR_STANDIN_URL/v1
    allow:
      - mistralai/error-429-first
      - mistralai/fails-first
      - mistralai/fails-midway-first
      - mistralai/never-first
      - mistralai/wrong-key-first
YAML
    OAR_REPLICATE_URL=$(url_of translating)/v1
}

# The stand-in for Replicate is as good as what Replicate's own clients take for Replicate.
run_replicate_clients() {
    local -x OAR_REPLICATE_STANDIN_URL
    build_examples replicate
    start own "$target/debug/examples/replicate" --listen 127.0.0.1:0 --key "$OAR_REPLICATE_KEY"
    OAR_REPLICATE_STANDIN_URL=$(url_of own)
    run_python tests/clients/replicate
    run_node tests/clients/replicate/*.test.mjs
}

# The suites that know of a gateway are left out, not skipped, when there is none.
run_python() {
    "$venv/bin/pytest" -q -p no:cacheprovider "$@"
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

export OAR_TOKEN=token-of-the-suite NO_PROXY=127.0.0.1 PYTHONDONTWRITEBYTECODE=1
export OAR_BASE_URL OAR_STANDIN_URL OAR_CUT_URL OAR_CUTTING_URL OAR_PANICKING_URL OAR_SPARE_URL
export OAR_REPLICATE_URL OAR_REPLICATE_STANDIN_URL OAR_REPLICATE_KEY=r8_of_the_suite
build_examples standin
start_standin standin
OAR_STANDIN_URL=$(url_of standin)
run_replicate_clients
if [ "${1:-}" = --direct ]; then
    OAR_BASE_URL=$OAR_STANDIN_URL/v1
    run_python tests/clients/python/test_{api,errors}.py
    run_node "$node_suite"/{api,errors}.test.mjs
else
    build_examples cutting panicking replicate
    start_standin spare
    OAR_SPARE_URL=$(url_of spare)
    start_gateway_that_fails
    start_gateway_that_is_cut
    start_gateway_that_panics
    start_gateway_before_replicate
    run_python tests/clients/python
    run_node "$node_suite"/*.test.mjs
fi
