#!/usr/bin/env bash
# Does what three strangers do who have nothing but the documents, by what stands in them: an operator by
# docs/getting-started.md, somebody who routes in a service of their own by docs/embedding.md, somebody who writes a backend by
# docs/writing-a-backend.md. The commands and programs are taken from the pages when this runs.
#
#   scripts/strangers.sh                     all three
#   scripts/strangers.sh operator            one of operator, rust_engineer, backend_author
#
# They work in $CARGO_TARGET_DIR/strangers, or target/strangers, beside a clone of this tree: all that git has or would
# have. What they compile on the way goes where everything else does; their programs do not, or they would take the places of ours.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

root=$PWD
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
place=$target/strangers
scripts/install-missing.sh cc curl sandbox
source scripts/lib/processes.sh
source tests/strangers/operator.sh
source tests/strangers/programmer.sh

# blocks PAGE KEY=VALUE...: the blocks of a page, see blocks.awk.
blocks() {
    local page=$1 options=() option
    shift
    for option in "$@"; do options+=(-v "$option"); done
    awk "${options[@]}" -f "$root/tests/strangers/blocks.awk" "$page"
}

# cargo goes by the times of files, so those that have not changed are left alone.
clone() {
    local file clone=$place/openai-api-route
    local -A belongs=()
    mkdir -p "$clone"
    while IFS= read -r -d '' file; do
        [[ -e $file ]] || continue
        belongs[$file]=1
        cmp --silent "$file" "$clone/$file" || { mkdir -p "$clone/$(dirname "$file")" && cp --no-dereference "$file" "$clone/$file"; }
    done < <(git ls-files -z --cached --others --exclude-standard)
    while IFS= read -r -d '' file; do
        [[ ${belongs[$file]:-} ]] || rm "$clone/$file"
    done < <(find "$clone" -mindepth 1 ! -type d ! -name target -printf '%P\0')
    ln --symbolic --force --no-dereference ../target "$clone/target"
}

# To cargo a crate of the clone is the same as that of this tree, and what was made of the one is fresh as long as the one is:
# whoever edits this tree would go on with what the clone had. So cargo is made to forget what it made of the clone.
forget_clone() {
    { grep --recursive --files-with-matches --text --include='dep-*' "${place##*/}/openai-api-route/" "$target"/*/.fingerprint || true; } |
        xargs --no-run-if-empty --max-args=1 dirname | sort --unique | xargs --no-run-if-empty rm -r
}
trap 'end_all; forget_clone' EXIT

prepare() {
    forget_clone
    clone
    rm -rf "$place/service" "$place/parrot"
    mkdir -p "$place/.cargo"
    cp tests/strangers/workspace.toml "$place/Cargo.toml"
    { cat tests/strangers/cargo.toml && printf '\n[build]\ntarget-dir = "target"\nbuild-dir = "%s"\n' "$target"; } >"$place/.cargo/config.toml"
    # The versions that this tree is tested with, rather than whatever came out today.
    cp Cargo.lock "$place/Cargo.lock"
}

# They type `make` and `cargo` themselves: what a `make` above this script hands down is not for theirs.
unset MAKEFLAGS MFLAGS MAKELEVEL CARGO_TARGET_DIR

# Told is what went wrong, and otherwise that nothing did. In the background, because a function that is asked whether it
# failed would go on after a failure.
follow() {
    SECONDS=0
    "$1" >"$scratch/told" 2>&1 &
    wait $! || { cat "$scratch/told" >&2 && echo "strangers: ${1//_/ } did not get through" >&2 && return 1; }
    echo "strangers: ${1//_/ } got through, in $SECONDS s"
}

prepare
[[ $# -gt 0 ]] || set -- operator rust_engineer backend_author
for stranger in "$@"; do follow "$stranger"; done
