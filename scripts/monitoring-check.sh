#!/usr/bin/env bash
# Do the dashboard and the alerting rules ask for what the gateway tells? Debian's Prometheus, with the configuration of
# deploy/prometheus, scrapes a gateway under load with faults; then each query of deploy/grafana/dashboard.json and each
# rule is evaluated, and none may come to nothing.
#
#   scripts/monitoring-check.sh             what `make monitoring-check` does
#   scripts/monitoring-check.sh --picture   the same for two minutes, and docs/pictures/dashboard.svg is drawn of it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[[ $# -eq 0 || ($# -eq 1 && $1 == --picture) ]] || { echo "usage: scripts/monitoring-check.sh [--picture]" >&2 && exit 2; }
picture=${1:-}
seconds=15
if [[ $picture ]]; then seconds=120; fi
target=${CARGO_TARGET_DIR:-target}

scripts/install-missing.sh cc curl prometheus python-venv
source scripts/lib/gateway.sh
export PYTHONDONTWRITEBYTECODE=1 NO_PROXY='*' no_proxy='*'
promtool check rules deploy/prometheus/rules.yml
promtool test rules deploy/prometheus/rules_test.yml

# What each upstream is asked for decides which failures there are: scripts/monitoring/load.py asks for these models.
start_monitored() {
    start_gateway gateway <<YAML
address: 127.0.0.1:0
authorization: token-of-the-check
dbaddr: $scratch/db.sqlite
notify:
  window: 10s
  webhook: {url: "http://$answers/_hits"}
upstreams:
  - {name: down, sk: key, endpoint: "http://$down/v1", allow: [gpt-4o, nobody]}
  - {name: overloaded, sk: key, endpoint: "http://$overloaded/v1", allow: [gpt-4o, gpt-4o-mini]}
  - {name: silent, sk: key, endpoint: "http://$silent/v1", allow: [o3], timeout: 400ms, stream_timeout: 400ms}
  - {name: spare, sk: key, endpoint: "http://$answers/v1", deny: [nobody]}
YAML
}

# One for which bodies are announced that it has no room for. Small ones would have to wait behind them.
start_crowded() {
    start_gateway crowded <<YAML
address: 127.0.0.1:0
authorization: token-of-the-check
dbtype: none
max_body: 512MiB
upstreams:
  - {name: spare, sk: key, endpoint: "http://$answers/v1"}
YAML
}

# The configuration that is shipped, but for the place of its files, who is asked, and how often.
start_prometheus() {
    sed -e "s|\"gateway:8888\"|\"$gateway\", \"$crowded\"|" -e "s|_interval: 15s|_interval: 1s|" -e "s|rules.yml|$PWD/deploy/prometheus/rules.yml|" \
        deploy/prometheus/prometheus.yml >"$scratch/prometheus.yml"
    promtool check config "$scratch/prometheus.yml" >"$scratch/promtool.log" || { cat "$scratch/promtool.log" >&2 && return 1; }
    start prometheus prometheus --config.file "$scratch/prometheus.yml" --storage.tsdb.path "$scratch/prometheus" \
        --web.listen-address 127.0.0.1:0 --log.format logfmt
    until_true prometheus grep -qs 'msg="Listening on"' "$scratch/prometheus.log"
    prometheus=$(sed -En 's/.*msg="Listening on" address=(127[^ ]*).*/\1/p' "$scratch/prometheus.log")
    wait_for_url prometheus "http://$prometheus/-/ready"
}

cargo build --quiet --locked --package oar-testkit --example standin
start down "$target/debug/examples/standin" --mode refuse
start overloaded "$target/debug/examples/standin" --mode status=503
start silent "$target/debug/examples/standin" --mode hang
start answers "$target/debug/examples/standin" --mode answer
down=$(listening_address down)
overloaded=$(listening_address overloaded)
silent=$(listening_address silent)
answers=$(listening_address answers)
start_monitored
gateway=$(listening_address gateway)
start_crowded
crowded=$(listening_address crowded)
start_prometheus
began=$(date +%s)
python3 scripts/monitoring/load.py "$gateway" "$crowded" "$seconds"
python3 scripts/monitoring/evaluate.py "$prometheus" "$gateway" "$began"
if [[ $picture ]]; then
    python3 scripts/monitoring/picture.py "$prometheus" "$began" >"$scratch/dashboard.svg"
    cp "$scratch/dashboard.svg" docs/pictures/dashboard.svg
fi
