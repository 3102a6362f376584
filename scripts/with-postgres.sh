#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own, and removes the server afterwards.
#
#   scripts/with-postgres.sh cargo test -p oar-record
#   scripts/with-postgres.sh --find          prints the folder of PostgreSQL's programs
#   scripts/with-postgres.sh --console       prints the server's URL, then obeys the lines of its input, each answered by
#                                            `done`: stop (as a power cut would), start, freeze and thaw (all its
#                                            processes); ends with its input. With --careful after it, what the
#                                            server confirms is on the disk, for measurements
#
# The command finds the server in OAR_TEST_POSTGRES, a postgres:// URL; its exit code becomes ours. The server lives in
# a temporary folder, listens on a free port of 127.0.0.1 and nowhere else, and never meets a cluster of the system's.
set -euo pipefail

# The newest PostgreSQL on this machine: Debian keeps its programs off the PATH.
find_programs() {
    local found
    found=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)
    if [ ! -x "$found" ]; then
        found=$(command -v initdb) || return 1
    fi
    dirname "$(readlink -f "$found")"
}

# PostgreSQL refuses to run as root, so root lends its server to a user without rights.
unprivileged_user() {
    if id -u postgres >/dev/null 2>&1; then echo postgres; else echo nobody; fi
}

# Runs one of PostgreSQL's programs as the server's owner, in its folder, untouched by the caller's PG* variables.
pg() {
    local program=$1
    shift
    local run=(env -i "PATH=$PATH" LC_ALL=C "$programs/$program" "$@")
    if [ "$(id -u)" -eq 0 ]; then
        run=(runuser -u "$owner" -- "${run[@]}")
    fi
    (cd "$scratch" && "${run[@]}")
}

# The data lives as long as the command, so nothing has to survive the machine. It survives the server only at the console,
# which can stop it. No socket file: the URL is the only way in.
careless=(-c fsync=off -c full_page_writes=off)

start_server() {
    pg pg_ctl start --silent --wait --pgdata "$scratch/data" --log "$scratch/log" --options "-p $1 \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories= ${careless[*]}" >/dev/null 2>&1
}

# A port of 127.0.0.1 that nobody answers on, below the range that outgoing connections use: PostgreSQL cannot be asked
# to choose one itself.
free_port() {
    local port
    for _ in $(seq 50); do
        port=$((20000 + RANDOM % 10000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port" && return; }
    done
    return 1
}

# Another program may take the port between our look and the server's start, hence more than one try.
start_on_free_port() {
    for _ in 1 2 3 4 5; do
        port=$(free_port)
        start_server "$port" && return
    done
    echo "with-postgres.sh: the server did not start:" >&2
    cat "$scratch/log" >&2
    return 1
}

# signal_server SIGNAL: to the server and all its processes, which /proc tells without tools that may not be there.
signal_server() {
    local main process parent
    read -r main <"$scratch/data/postmaster.pid"
    kill -s "$1" "$main"
    for process in /proc/[0-9]*; do
        read -r _ _ _ parent _ 2>/dev/null <"$process/stat" || continue
        if [ "$parent" = "$main" ]; then kill -s "$1" "${process#/proc/}" 2>/dev/null || true; fi
    done
}

stop_server() {
    if [ -f "$scratch/data/postmaster.pid" ]; then
        # One that is frozen does not hear that it is to stop.
        signal_server CONT
        pg pg_ctl stop --silent --wait --mode immediate --pgdata "$scratch/data" || true
    fi
}

obey_console() {
    local order
    echo "$OAR_TEST_POSTGRES"
    while read -r order; do
        case $order in
            stop) stop_server ;;
            start) start_server "$port" ;;
            freeze) signal_server STOP ;;
            thaw) signal_server CONT ;;
            *) echo "with-postgres.sh: what is \`$order\`?" >&2 && exit 2 ;;
        esac
        echo "done"
    done
}

programs=$(find_programs) || { echo "with-postgres.sh: no initdb here; install PostgreSQL's server" >&2 && exit 1; }
if [ "${1:-}" = --find ]; then
    echo "$programs"
    exit
fi

# shellcheck source=scripts/lib/processes.sh
source "$(dirname "$0")/lib/processes.sh"
trap 'stop_server; end_all' EXIT
owner=$(unprivileged_user)
if [ "$(id -u)" -eq 0 ]; then chown "$owner" "$scratch"; fi
pg initdb --pgdata "$scratch/data" --username postgres --auth trust --encoding UTF8 --locale C --no-sync \
    >"$scratch/initdb.log" 2>&1 || { cat "$scratch/initdb.log" >&2 && exit 1; }
if [ "${1:-}" != --console ]; then careless+=(-c synchronous_commit=off); fi
if [ "${2:-}" = --careful ]; then careless=(); fi
start_on_free_port

export OAR_TEST_POSTGRES="postgres://postgres@127.0.0.1:$port/postgres"
if [ "${1:-}" = --console ]; then obey_console; else "$@"; fi
