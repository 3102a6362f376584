#!/usr/bin/env bash
# Does by hand what an engine does with Dockerfile, where there is none: the steps of each stage in a folder that holds only
# what .dockerignore lets in, then the program out of it as an engine would start it: as user 65532, in a file system that
# nobody can write but for the volume, with no program beside it.
#
#   scripts/image-check.sh            builds into $CARGO_TARGET_DIR/image, or target/image, from nothing the first time
#
# What an image of somebody else's brings is taken from this machine: the compiler, cargo-chef, and of the last stage's the
# C library and the certificates.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=${CARGO_TARGET_DIR:-target}
chef=$(realpath "${CARGO_CHEF:?the folder of cargo-chef: run me by \`make image-check\`}")
scripts/install-missing.sh cc curl python-venv sandbox sqlite3
source scripts/lib/processes.sh
keep_caches_in "$target/cache"
python_packages "$target/deploy-venv" deploy/requirements.txt
PATH=$chef:$(realpath "$target/deploy-venv")/bin:$PATH
cargo_home=$(realpath "${CARGO_HOME:-$HOME/.cargo}")
mkdir -p "$target/image"
built=$(realpath "$target/image")
# A user without rights has to get through it.
chmod 711 "$scratch"
image=$scratch/stages/image

give_up() {
    echo "image-check.sh: $1" >&2
    exit 1
}

# One line for each instruction.
instructions() {
    sed -E '/^[[:space:]]*(#|$)/d' Dockerfile | sed -E ':a; /\\$/ { N; s/\\\n[[:space:]]*//; ba }'
}

# Everything of this machine to read, and to write only what the stage has made: its /src, what cargo downloads and builds.
in_stage() {
    local entry binds=()
    for entry in /*; do
        case $entry in
            /proc | /dev | /tmp | /src) ;;
            *) binds+=(--ro-bind "$entry" "$entry") ;;
        esac
    done
    mkdir -p "$root/src/target"
    env -u CARGO_TARGET_DIR bwrap "${binds[@]}" --tmpfs /tmp --proc /proc --dev /dev --ro-bind "$chef" "$chef" --bind "$root/src" /src \
        --bind "$built" /src/target --bind "$cargo_home" "$cargo_home" --chdir /src --die-with-parent -- bash -euc "$1"
}

# from IMAGE [AS NAME]
from() {
    local name=${3:-image}
    echo "image-check.sh: stage $name"
    root=$scratch/stages/$name
    mkdir -p "$root/src"
    if [[ -d $scratch/stages/$1 ]]; then cp -a "$scratch/stages/$1/." "$root"; fi
    if [[ $name == image ]]; then rmdir "$root/src"; fi
}

# copy [--from=NAME] [--chown=USER] SOURCE... TARGET, of which `. .` is all that .dockerignore lets in.
copy() {
    local from=. owner='' to=${*: -1}
    while [[ $1 == --* ]]; do
        case $1 in
            --from=*) from=$scratch/stages/${1#--from=} ;;
            --chown=*) owner=${1#--chown=} ;;
        esac
        shift
    done
    if [[ $* == ". ." ]]; then
        sed -n 's/^!//p' .dockerignore | xargs -I{} cp -a {} "$root/src"
        return
    fi
    mkdir -p "$(dirname "$root$to")"
    if [[ $to == */ ]]; then mkdir -p "$root$to"; fi
    while [[ $# -gt 1 ]]; do
        # What was built is not in the stage's folder: see in_stage.
        case $1 in
            /src/target/*) cp "$built/${1#/src/target/}" "$root$to" ;;
            *) cp -a "$from$1" "$root$to" ;;
        esac
        shift
    done
    if [[ $owner && $(id -u) -eq 0 ]]; then chown -R "$owner" "$root$to"; fi
}

run() {
    case $1 in
        *"cargo install"*cargo-chef@*)
            [[ $(cargo-chef --version) == "cargo-chef ${1##*cargo-chef@}" ]] || give_up "this is $(cargo-chef --version)"
            ;;
        *) echo "+ $1" && in_stage "$1" ;;
    esac
}

# Words of an instruction, quoted or not.
declare -A said=()
declare -a environment=() command=()
replay() {
    local word rest
    while read -r word rest; do
        # shellcheck disable=SC2086  # the words of an instruction are words
        case $word in
            FROM) from $rest ;;
            COPY) copy $rest ;;
            RUN) run "$rest" ;;
            ENV) environment+=(--setenv "${rest%%=*}" "${rest#*=}") ;;
            HEALTHCHECK) said[HEALTHCHECK]="[${rest#*CMD [}" ;;
            ARG | LABEL) ;;
            *) said[$word]=$rest ;;
        esac
    done < <(instructions)
}

# words NAME: the words of a list, one a line.
words() {
    python3 -c 'import json, sys; print("\n".join(json.loads(sys.argv[1])))' "${said[$1]}"
}

# What the last stage's own image brings, as https://github.com/GoogleContainerTools/distroless tells: the C library and
# libgcc, certificates, a folder /tmp. Whatever else the program wanted would be missed there.
furnish() {
    local library
    mkdir -p "$image"/{etc/ssl/certs,proc,dev,tmp}
    cp /etc/ssl/certs/ca-certificates.crt "$image/etc/ssl/certs/"
    echo 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' >"$image/etc/passwd"
    while read -r library; do
        case ${library##*/} in
            libc.so.6 | libm.so.6 | libgcc_s.so.1 | ld-linux-*) ;;
            *) give_up "the program wants $library, which the image does not have" ;;
        esac
        mkdir -p "$image$(dirname "$library")"
        cp -L "$library" "$image$library"
    done < <(ldd "$image/usr/local/bin/openai-api-route" | grep -o '/[^ ]*')
    # Where an engine lays the mounts.
    touch "$image/config.yaml"
    [[ -d $image${said[VOLUME]} ]] || give_up "there is no folder for the volume ${said[VOLUME]}"
    [[ $(find "$image" -name 'LICENSE-*' | wc -l) -eq 2 ]] || give_up "the licences are missing"
}

write_config() {
    cat >"$scratch/config.yaml" <<'YAML'
authorization: token-of-the-check
upstreams:
  - {name: nobody, sk: key, endpoint: "http://127.0.0.1:1/v1"}
YAML
}

# Root becomes the image's user; anybody else is it in there only.
start_container() {
    local as=(setpriv --reuid 65532 --regid 65532 --clear-groups --no-new-privs) user=()
    if [[ $(id -u) -ne 0 ]]; then as=() user=(--unshare-user --uid 65532 --gid 65532); fi
    mkdir -p "$scratch/volume"
    cp -a "$image/data/." "$scratch/volume"
    if [[ $(id -u) -eq 0 ]]; then chown --reference="$image/data" "$scratch/volume"; fi
    mapfile -t command < <(words ENTRYPOINT && words CMD)
    exec 8>"$scratch/container.json"
    start gateway "${as[@]}" bwrap "${user[@]}" --unshare-pid --as-pid-1 --unshare-ipc --unshare-uts --unshare-net \
        --ro-bind "$image" / --bind "$scratch/volume" "${said[VOLUME]}" --ro-bind "$scratch/config.yaml" /config.yaml \
        --proc /proc --dev /dev --clearenv "${environment[@]}" --chdir "${said[WORKDIR]}" --info-fd 8 -- "${command[@]}"
    until_true gateway grep -q listening "$scratch/gateway.log"
    container=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["child-pid"])' "$scratch/container.json")
}

# inside OPTIONS... -- COMMAND: as `docker exec`.
inside() {
    nsenter --target "$container" --user --net --preserve-credentials "$@"
}

is_healthy() {
    mapfile -t command < <(words HEALTHCHECK)
    inside --mount --pid -- "${command[@]}"
}

expect_locked_up() {
    [[ ${said[USER]} == 65532:65532 ]] || give_up "the image's user is ${said[USER]}"
    if [[ $(id -u) -eq 0 ]]; then
        grep -Pq '^Uid:\t65532\t65532' "/proc/$container/status" || give_up "it runs as somebody else"
    fi
    awk '$5 == "/" { print $6 }' "/proc/$container/mountinfo" | tail -n 1 | grep -q '^ro' || give_up "the image can be written"
}

# Nobody can answer it, which is a request all the same.
ask() {
    inside -- curl -sS -o /dev/null -w '%{http_code}' -H 'authorization: Bearer token-of-the-check' -d '{"model": "m"}' \
        -H 'content-type: application/json' "http://127.0.0.1:${said[EXPOSE]}/v1/chat/completions"
}

expect_end() {
    local code=0
    kill -TERM "$container"
    wait "${started[gateway]}" || code=$?
    [[ $code -eq 0 ]] || { cat "$scratch/gateway.log" >&2 && give_up "after SIGTERM it ended with $code"; }
    grep -q stopped "$scratch/gateway.log" || give_up "it did not end in order"
    [[ $(sqlite3 "$scratch/volume/db.sqlite" 'select count(*) from records') == 1 ]] || give_up "the record is not in the volume"
}

hadolint Dockerfile
replay
furnish
write_config
start_container
until_true gateway is_healthy
expect_locked_up
[[ $(ask) == 502 ]] || give_up "a request was not answered as it should be"
expect_end
echo "image-check.sh: built, started as ${said[USER]}, healthy, ended in order; $(du -sh "$image" | cut -f 1) beside the base"
