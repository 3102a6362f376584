# shellcheck shell=bash
# What those do who write programs of their own beside a clone: the commands and the programs of the two pages for them.

# typed PAGE NUMBER: does what one block of commands says, where one is.
typed() {
    blocks "$1" language=bash number="$2" >"$scratch/typed"
    [[ -s $scratch/typed ]] || { echo "strangers: $1 has no block $2 of commands" >&2 && return 1; }
    set -e
    source "$scratch/typed"
}

# copied PAGE NUMBER FILE: puts a program of a page into a file.
copied() {
    mkdir -p "$(dirname "$3")"
    blocks "$1" language=rust number="$2" >"$3"
    [[ -s $3 ]] || { echo "strangers: $1 has no program $2" >&2 && return 1; }
}

# The program is the reader's own service; the page begins with what is added to it.
rust_engineer() (
    local page=$root/docs/embedding.md
    cd "$place"
    cargo new --quiet service
    cd service
    typed "$page" 1
    copied "$page" 1 src/main.rs
    cargo run --quiet
)

backend_author() (
    local page=$root/docs/writing-a-backend.md
    cd "$place"
    typed "$page" 1
    copied "$page" 1 src/main.rs
    copied "$page" 2 tests/contract.rs
    typed "$page" 2 | tee "$scratch/tested"
    grep --quiet '^test every_promise_is_kept ... ok' "$scratch/tested" || { echo "strangers: $page tests nothing" >&2 && return 1; }
)
