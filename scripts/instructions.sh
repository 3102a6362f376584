#!/usr/bin/env bash
# Counts the instructions of one request and compares them with bench/instructions.txt.
#
#   scripts/instructions.sh                   fails when a count is more than 5 % off, either way
#   scripts/instructions.sh --update          writes the counts into bench/instructions.txt
#   scripts/instructions.sh --functions CASE  the functions in which one case spends them
#
# valgrind's callgrind counts what crates/app/benches/request_path does. Each case runs with N and with 2N requests; the
# difference over N is what one request takes, without starting. Two counts of one program differ by less than a thousandth.
# There are crates for this (iai-callgrind, gungraun): they bring a program of their own that must be installed in the same
# version, for what are two runs and a subtraction here.
#
# What makes counts differ elsewhere: another compiler (pinned by rust-toolchain.toml), another target, another libc, whose
# malloc and memcpy are in it, and a processor without AVX2. valgrind knows no SHA instructions: looking a token up costs a
# fraction of its count where the processor has them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly baseline=bench/instructions.txt
readonly requests=200
readonly limit_percent=5

source scripts/lib/processes.sh

build() {
    program=$("${CARGO:-cargo}" bench --locked --quiet --package oar-app --bench request_path --no-run \
        --message-format=json-render-diagnostics | sed -n 's/.*"executable":"\([^"]*request_path[^"]*\)".*/\1/p')
    [ -x "$program" ] || { echo "instructions.sh: cargo names no program" >&2 && exit 1; }
}

# What made the counts: the lines that a comparison needs to be the same.
origin() {
    rustc --version --verbose | sed -n 's/^release: /rustc /p; s/^host: /target /p'
}

# All instructions of so many requests of a case.
collected() {
    if ! valgrind --tool=callgrind --callgrind-out-file="$scratch/callgrind.out" "$program" "$1" "$2" >"$scratch/log" 2>&1; then
        cat "$scratch/log" >&2
        exit 1
    fi
    awk '/ Collected : / { print $4 }' "$scratch/log"
}

# A line for each case: its name and the instructions of one request.
count() {
    local name once twice
    for name in $("$program" --cases); do
        once=$(collected "$name" "$requests")
        twice=$(collected "$name" $((2 * requests)))
        printf '%-12s %9d\n' "$name" $(((twice - once) / requests))
    done
}

update() {
    {
        echo "# The instructions of one request. \`make instructions\` compares with them, \`make instructions-update\` writes them."
        origin
        count
    } >"$scratch/new"
    mv "$scratch/new" "$baseline"
    cat "$baseline"
}

compare() {
    {
        origin
        count
    } >"$scratch/now"
    awk -v limit="$limit_percent" -f scripts/lib/instructions.awk "$baseline" "$scratch/now"
}

# callgrind tells a function once for each file that lines of it come from. What it does itself is the sum of them; what
# it does with all that it calls is the line that has most.
by_function() {
    callgrind_annotate --auto=no --inclusive="$1" --threshold=100 "$scratch/callgrind.out" |
        awk -v requests=$((10 * requests)) -v inclusive="$1" '
            /^ *[0-9,]+ \(/ && !/PROGRAM TOTALS/ {
                spent = $1
                gsub(",", "", spent)
                sub(/^ *[0-9,]+ \([^)]*\) *[^:]*:/, "")
                sub(/ \[[^]]*\]$/, "")
                if (inclusive == "no") all[$0] += spent
                else if (spent + 0 > all[$0]) all[$0] = spent + 0
            }
            END { for (name in all) printf "%9d  %s\n", all[name] / requests, name }' |
        sort -rn | grep -vE '  (0x|\(below|main$|std::|core::ops|__libc|request_path::main)' | sed -n "1,40p"
}

functions() {
    collected "$1" $((10 * requests)) >/dev/null
    # Not a difference of two runs: what starting takes is divided among the requests.
    echo "== $1, instructions per request: in the function itself"
    by_function no
    echo "== $1, instructions per request: with all that it calls"
    by_function yes
}

case ${1:-} in
    "") wanted=(compare) ;;
    --update) wanted=(update) ;;
    --functions) wanted=(functions "${2:?which case}") ;;
    *) echo "instructions.sh: unknown option \`$1\`" >&2 && exit 2 ;;
esac
# Not behind `&&`, where a failure inside would end nothing.
build
"${wanted[@]}"
