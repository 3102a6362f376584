#!/usr/bin/env bash
# Packs a release into $CARGO_TARGET_DIR/dist, or target/dist: the program with all that belongs beside it, the bill of what it
# is made of, and their checksums.
#
#   CARGO_SBOM=FILE scripts/dist.sh            what `make dist` does, after it has built the program
#   scripts/dist.sh --attach v0.1.0            attaches them to a release on the forge, by gh and its GH_TOKEN
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
dist=$target/dist

if [[ ${1:-} == --attach ]]; then
    exec gh release create "${2:?which tag}" --verify-tag --notes-from-tag "$dist"/*
fi

sbom=${CARGO_SBOM:?the program cargo-sbom: run me by \`make dist\`}
program=$target/release/openai-api-route
scripts/install-missing.sh cc python-venv
source scripts/lib/processes.sh

version=$("$program" --version | cut -d' ' -f2)
host=$(rustc --version --verbose | sed -n 's/^host: //p')
# What stands for the time in everything that has one: when this tree was committed.
committed=$(git log -1 --format=%ct)
name=openai-api-route-$version-$host

# A release that somebody could not make again from its tag is none.
if [[ $(git status --porcelain) ]]; then echo "dist.sh: this tree has changes that are not committed; the files are for a try only" >&2; fi

collect() {
    local folder=$scratch/$name
    mkdir -p "$folder"
    install -m 755 "$program" "$folder/openai-api-route"
    # See bins/openai-api-route/src/manual.rs.
    OAR_MANUAL=$folder cargo test --quiet --locked --package openai-api-route --bin openai-api-route manual >"$scratch/manual.log" ||
        { cat "$scratch/manual.log" >&2 && return 1; }
    cp README.md README.zh-CN.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE config.sample.yaml \
        deploy/systemd/openai-api-route.service "$folder"
}

pack() {
    tar --create --directory "$scratch" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$committed" "$name" |
        gzip --no-name --best >"$dist/$name.tar.gz"
}

bill() {
    cargo tree --locked --package openai-api-route --edges normal --prefix none --no-dedupe --target "$host" |
        sort -u >"$scratch/crates"
    "$sbom" sbom --cargo-package openai-api-route --output-format cyclone_dx_json_1_6 |
        python3 scripts/dist/sbom.py "$scratch/crates" "$committed" >"$dist/openai-api-route-$version.cdx.json"
}

rm -rf "$dist"
mkdir -p "$dist"
collect
pack
bill
(cd "$dist" && sha256sum -- * >"$scratch/SHA256SUMS" && mv "$scratch/SHA256SUMS" . && sha256sum --check SHA256SUMS)
