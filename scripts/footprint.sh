#!/usr/bin/env bash
# What the release binary costs before it does anything: its size, how long until it is ready, and its memory when idle.
# Records go to SQLite in a temporary folder, which the first start creates and the others find.
#
#   scripts/footprint.sh [STARTS]     what `make footprint` does; default: 5 starts
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

binary=${CARGO_TARGET_DIR:-target}/release/openai-api-route
source scripts/lib/processes.sh

port=$(free_port)
cat >"$scratch/config.yaml" <<YAML
address: "127.0.0.1:$port"
authorization: footprint
dbaddr: $scratch/db.sqlite
upstreams:
  - sk: never-used
    endpoint: https://api.openai.com/v1
YAML

# One request to /readyz without starting another process: a new process would cost more than what is measured.
is_ready() {
    {
        exec 3<>"/dev/tcp/127.0.0.1/$port" &&
            printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3 &&
            grep -q '^ready' <&3
    } 2>/dev/null
}

printf 'binary       %s, %s bytes\n' "$("$binary" --version)" "$(stat -c %s "$binary")"
for number in $(seq "${1:-5}"); do
    begin=$(date +%s%N)
    start gateway "$binary" --config "$scratch/config.yaml"
    until is_ready; do
        kill -0 "${started[gateway]}" 2>/dev/null || { cat "$scratch/gateway.log" >&2 && exit 1; }
    done
    ready=$(date +%s%N)
    # Freshly started threads settle within a second.
    sleep 1
    resident=$(awk '/^VmRSS/ { print $2 }' "/proc/${started[gateway]}/status")
    printf 'start %-6s ready after %s ms, %s KiB resident when idle\n' "$number" "$(((ready - begin) / 1000000))" "$resident"
    kill "${started[gateway]}"
    wait "${started[gateway]}" || true
done
