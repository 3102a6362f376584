# shellcheck shell=bash
# For scripts that start servers: start them, wait until they answer, end exactly those again.
#
#   source scripts/lib/processes.sh
#   start gateway ./openai-api-route --config "$scratch/config.yaml"    # which says `address: 127.0.0.1:0`
#   wait_for_url gateway "$(url_of gateway)/readyz"
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

# How servers say where they are: the stand-ins `listening on HOST:PORT` or `refusing on HOST:PORT`, the gateway's log
# `INFO listening address=HOST:PORT`. The port is the system's choice: one that was looked for beforehand may be gone.
said_address='^(.* )?(listening on |refusing on |listening address=)(127\.0\.0\.1:[0-9]+).*$'

# listening_address NAME: waits until the server has said where it is, and prints HOST:PORT.
listening_address() {
    until_true "$1" grep -Eq "$said_address" "$scratch/$1.log" || return
    sed -En "s/$said_address/\\3/p" "$scratch/$1.log" | head -n 1
}

# url_of NAME: the same as http://HOST:PORT.
url_of() {
    local address
    address=$(listening_address "$1") && echo "http://$address"
}

# keep_caches_in FOLDER: what npm and pip download, and npm's logs, go there instead of the user's home.
keep_caches_in() {
    local folder
    folder=$(realpath -m "$1")
    export PIP_CACHE_DIR=$folder/pip npm_config_cache=$folder/npm npm_config_logs_dir=$folder/npm/logs
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
