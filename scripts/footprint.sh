#!/usr/bin/env bash
# What the release binary costs before it does anything: its size, how long until it is ready, and its memory when idle.
# Records go to SQLite in a temporary folder, which the first start creates and the others find.
#
#   scripts/footprint.sh [STARTS]     what `make footprint` does; default: 5 starts
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

binary=${CARGO_TARGET_DIR:-target}/release/openai-api-route
source scripts/lib/processes.sh

cat >"$scratch/config.yaml" <<YAML
address: 127.0.0.1:0
authorization: footprint
dbaddr: $scratch/db.sqlite
upstreams:
  - sk: never-used
    endpoint: https://api.openai.com/v1
YAML

# Both questions are asked without starting another process, which would cost more than what is measured.

# Where the gateway is, as soon as its log says so.
knows_port() {
    local line
    while IFS= read -r line; do
        if [[ $line =~ $said_address ]]; then port=${BASH_REMATCH[3]##*:} && return; fi
    done <"$scratch/gateway.log"
    return 1
}

# One request to /readyz.
is_ready() {
    local line
    {
        exec 3<>"/dev/tcp/127.0.0.1/$port" || return
        printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3
        while IFS= read -r -t 1 line <&3; do
            if [[ $line == ready* ]]; then return; fi
        done
        # The answer's last line has no end.
        [[ $line == ready* ]]
    } 2>/dev/null
}

# Repeats the question without a pause, for 30 s at most.
at_once() {
    local until=$((SECONDS + 30))
    until "$1"; do
        if ! kill -0 "${started[gateway]}" 2>/dev/null || ((SECONDS > until)); then
            echo "footprint.sh: the gateway is not ready; its log says:" >&2
            cat "$scratch/gateway.log" >&2
            exit 1
        fi
    done
}

printf 'binary       %s, %s bytes\n' "$("$binary" --version)" "$(stat -c %s "$binary")"
for number in $(seq "${1:-5}"); do
    : >"$scratch/gateway.log" # the last start's port is not this one's
    begin=$(date +%s%N)
    start gateway "$binary" --config "$scratch/config.yaml"
    at_once knows_port
    at_once is_ready
    ready=$(date +%s%N)
    # Freshly started threads settle within a second.
    sleep 1
    resident=$(awk '/^VmRSS/ { print $2 }' "/proc/${started[gateway]}/status")
    printf 'start %-6s ready after %s ms, %s KiB resident when idle\n' "$number" "$(((ready - begin) / 1000000))" "$resident"
    kill "${started[gateway]}"
    wait "${started[gateway]}" || true
done
