# shellcheck shell=bash
# What an operator does: every command of docs/getting-started.md, in one terminal, in the folder of the clone. Then: was
# there to see what the page shows?

# Whatever the page starts ends with the shell, also when a command failed.
readonly terminal='set -euo pipefail; trap "kill \$(jobs -p) 2>/dev/null || true" EXIT'

# The ports of the page belong to whoever has them, so there is a network for it alone where that is allowed.
in_a_network_of_its_own() {
    local sandbox=(bwrap --dev-bind / / --unshare-net --unshare-pid --proc /proc --die-with-parent --)
    if "${sandbox[@]}" true 2>/dev/null; then
        "${sandbox[@]}" "$@"
    else
        echo "strangers: no network of its own is to be had here, so the page's ports are this machine's"
        ports_are_free
        "$@"
    fi
}

ports_are_free() {
    local port
    for port in $(grep -o '127\.0\.0\.1:[0-9]*' "$scratch/operator.sh" | cut -d: -f2 | sort -u); do
        ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "strangers: port $port is taken" >&2 && return 1; }
    done
}

# Numbers and columns are not the same twice; an answer that ends without a line feed has the next line behind it.
alike() { sed -E 's/[0-9]+/N/g; s/[[:space:]]+/ /g; s/^ //; s/ $//' "$1"; }

# Each line of the blocks that show what comes out must have come out.
shown_was_seen() {
    local line missing=0
    blocks "$1" language=text between=bash >"$scratch/shown"
    alike "$2" >"$scratch/seen"
    [[ -s $scratch/shown ]] || { echo "strangers: $1 shows nothing" >&2 && return 1; }
    while read -r line; do
        grep --quiet --fixed-strings -e "$line" "$scratch/seen" ||
            { echo "strangers: $1 shows this, and it was not to be seen: $line" >&2 && missing=1; }
    done < <(alike "$scratch/shown")
    return $missing
}

operator() {
    local page=docs/getting-started.md failed
    { echo "$terminal" && blocks $page language=bash; } >"$scratch/operator.sh"
    (cd "$place/openai-api-route" && in_a_network_of_its_own bash "$scratch/operator.sh") >"$scratch/operator.log" 2>&1 </dev/null || failed=1
    cat "$scratch/operator.log"
    [[ ! ${failed:-} ]] && shown_was_seen $page "$scratch/operator.log"
}
