#!/usr/bin/env bash
# Are the files in deploy/, compose.yaml and Dockerfile what those who read them take? Without an engine, a cluster or a
# running systemd: each file is read by the program, or held against the schema, of whom it is for.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=${CARGO_TARGET_DIR:-target}
unit=deploy/systemd/openai-api-route.service
# What `systemd-analyze security` may say of the unit at most, in tenths: 0 is nothing to attack, 100 is everything.
exposure=15

scripts/install-missing.sh cc python-venv systemd
source scripts/lib/processes.sh
keep_caches_in "$target/cache"
python_packages "$target/deploy-venv" deploy/requirements.txt
PATH=$(realpath "$target/deploy-venv")/bin:$PATH
cargo build --quiet --locked --package openai-api-route
gateway=$(realpath "$target")/debug/openai-api-route

# The program is not where an operator puts it, so a copy of the unit names the one that was built. Whatever is said about
# the unit is a fault: a key that systemd does not know is only a warning to it.
check_unit() {
    local said
    sed "s|/usr/local/bin/openai-api-route|$gateway|" "$unit" >"$scratch/openai-api-route.service"
    said=$(systemd-analyze verify "$scratch/openai-api-route.service" 2>&1) || true
    if [[ $said ]]; then echo "deploy-check.sh: $unit: $said" >&2 && return 1; fi
    systemd-analyze security --offline=true --no-pager --threshold=$exposure "$unit" >"$scratch/security" ||
        { grep '✗' "$scratch/security" >&2 && return 1; }
    tail -n 1 "$scratch/security"
}

hadolint Dockerfile
echo "Dockerfile: nothing to complain about"
python3 scripts/deploy/compose.py "$gateway"
python3 scripts/deploy/kubernetes.py "$gateway"
check_unit
