#!/usr/bin/env bash
# Installs the named tools that this machine lacks, and nothing else.
#
#   scripts/install-missing.sh cc postgresql python-venv
#
# Only Debian's and Ubuntu's apt is spoken. Elsewhere, or without the rights to use it, the missing packages are named
# and the script fails: what was asked for is then the reader's to install.
set -euo pipefail

# How to see that a tool is there.
present() {
    case $1 in
        cc) command -v cc >/dev/null ;;
        c++) command -v c++ >/dev/null ;;
        curl) command -v curl >/dev/null ;;
        fiu) command -v fiu-run >/dev/null ;;
        sqlite3) command -v sqlite3 >/dev/null ;;
        python-venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
        postgresql) "$(dirname "$0")/with-postgres.sh" --find >/dev/null 2>&1 ;;
        *) echo "install-missing.sh: unknown tool \`$1\`" >&2 && exit 2 ;;
    esac
}

# The Debian packages that bring it.
packages_of() {
    case $1 in
        cc) echo gcc libc6-dev ;;
        c++) echo g++ ;;
        curl) echo curl ca-certificates ;;
        fiu) echo fiu-utils ;;
        python-venv) echo python3 python3-venv ;;
        *) echo "$1" ;;
    esac
}

# Runs a command as root: directly, or through sudo, which asks for a password only where somebody can type one.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

give_up() {
    echo "install-missing.sh: $1; please install: ${missing[*]} (Debian's names)" >&2
    exit 1
}

# Debian's postgresql package makes and starts a server of its own when it is installed. The tests want only the
# programs, so that step is switched off until this script ends, whichever way it does: a server that somebody installs
# later is theirs to have.
no_system_cluster=/etc/postgresql-common/createcluster.d/openai-api-route-tests.conf

keep_system_cluster_away() {
    trap 'as_root rm -f "$no_system_cluster"' EXIT
    # Without these a signal during the installation could end the script past its EXIT.
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    as_root mkdir -p "$(dirname "$no_system_cluster")"
    echo 'create_main_cluster = false' | as_root tee "$no_system_cluster" >/dev/null
}

apt_install() {
    as_root apt-get -qq update || return
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${missing[@]}"
}

missing=()
for tool in "$@"; do
    # shellcheck disable=SC2207  # package names hold no spaces
    present "$tool" || missing+=($(packages_of "$tool"))
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null || give_up "this machine has no apt-get"
[ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null || give_up "not root, and there is no sudo"

echo "installing what is missing: ${missing[*]}"
[[ " ${missing[*]} " != *" postgresql "* ]] || keep_system_cluster_away
apt_install || give_up "apt-get failed"
