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
        golang) command -v go >/dev/null ;;
        # Off the PATH of ordinary users.
        nginx) command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] ;;
        prometheus) command -v prometheus >/dev/null && command -v promtool >/dev/null ;;
        sandbox) command -v bwrap >/dev/null ;;
        sqlite3) command -v sqlite3 >/dev/null ;;
        systemd) command -v systemd-analyze >/dev/null ;;
        valgrind) command -v valgrind >/dev/null ;;
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
        golang) echo golang-go ;;
        python-venv) echo python3 python3-venv ;;
        sandbox) echo bubblewrap ;;
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

# Files that must be gone when this script ends, whichever way it does.
leftovers=()

remove_at_exit() {
    leftovers+=("$1")
    trap 'as_root rm -f "${leftovers[@]}"' EXIT
    # Without these a signal during the installation could end the script past its EXIT.
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# Debian's postgresql package makes and starts a server of its own when it is installed. The tests want only the
# programs, so that step is switched off until this script ends: a server that somebody installs later is theirs to have.
no_system_cluster=/etc/postgresql-common/createcluster.d/openai-api-route-tests.conf

keep_system_cluster_away() {
    remove_at_exit "$no_system_cluster"
    as_root mkdir -p "$(dirname "$no_system_cluster")"
    echo 'create_main_cluster = false' | as_root tee "$no_system_cluster" >/dev/null
}

# Debian's nginx and Prometheus are services that start when they are installed, and with the machine. The program alone is
# wanted: until this script ends, whatever would start a service is told no (invoke-rc.d(8)), and none is left enabled.
services=(nginx prometheus)
service_policy=/usr/sbin/policy-rc.d

keep_services_down() {
    # An image that has such a file has made up its mind.
    [ ! -e "$service_policy" ] || return 0
    remove_at_exit "$service_policy"
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$service_policy" >/dev/null
    as_root chmod 755 "$service_policy"
}

is_missing() {
    [[ " ${missing[*]} " == *" $1 "* ]]
}

leave_disabled() {
    ! command -v systemctl >/dev/null || as_root systemctl disable --quiet "$1.service" || true
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
! is_missing postgresql || keep_system_cluster_away
for service in "${services[@]}"; do ! is_missing "$service" || keep_services_down; done
apt_install || give_up "apt-get failed"
for service in "${services[@]}"; do ! is_missing "$service" || leave_disabled "$service"; done
