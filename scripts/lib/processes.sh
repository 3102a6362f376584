# shellcheck shell=bash
# For scripts that start servers: start them, wait until they answer, end exactly those again.
#
#   source scripts/lib/processes.sh
#   start gateway ./openai-api-route --config "$scratch/config.yaml"
#   wait_for_url gateway http://127.0.0.1:8888/readyz
#
# Sourcing it makes a temporary folder, $scratch, where each server's output is kept as NAME.log. Whichever way the
# script ends, the servers are ended and the folder is removed.

scratch=$(mktemp -d "${TMPDIR:-/tmp}/oar.XXXXXX")
declare -A started=()

end_all() {
    local name
    for name in "${!started[@]}"; do kill "${started[$name]}" 2>/dev/null || true; done
    for name in "${!started[@]}"; do wait "${started[$name]}" 2>/dev/null || true; done
    rm -rf "$scratch"
}
trap end_all EXIT
# A signal ends the script by way of EXIT, so nothing stays behind then either.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# start NAME COMMAND...: runs it in the background.
start() {
    local name=$1
    shift
    "$@" >"$scratch/$name.log" 2>&1 </dev/null &
    started[$name]=$!
}

# until_true NAME COMMAND...: repeats the command until it succeeds; gives up when the server ended or 30 s passed.
until_true() {
    local name=$1
    shift
    for _ in $(seq 300); do
        if "$@"; then return; fi
        kill -0 "${started[$name]}" 2>/dev/null || break
        sleep 0.1
    done
    echo "$name did not come up:" >&2
    cat "$scratch/$name.log" >&2
    return 1
}

answers() {
    curl --silent --fail --noproxy '*' --max-time 2 --output /dev/null "$1"
}

wait_for_url() {
    until_true "$1" answers "$2"
}

# listening_address NAME: waits for the server's line `listening on HOST:PORT` and prints HOST:PORT.
listening_address() {
    until_true "$1" grep -q '^listening on ' "$scratch/$1.log"
    sed -n 's/^listening on //p' "$scratch/$1.log" | head -n 1
}

# A port of 127.0.0.1 that nobody answers on, below the range that outgoing connections use.
free_port() {
    local port
    for _ in $(seq 50); do
        port=$((20000 + RANDOM % 10000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port" && return; }
    done
    return 1
}

# python_packages FOLDER FILE: a virtual environment with exactly the packages that FILE pins, made when FILE changed.
python_packages() {
    if cmp -s "$2" "$1/requirements.txt"; then return; fi
    echo "installing the Python packages of $2"
    rm -rf "$1"
    python3 -m venv "$1"
    "$1/bin/pip" install --quiet --disable-pip-version-check --requirement "$2"
    cp "$2" "$1/requirements.txt"
}
