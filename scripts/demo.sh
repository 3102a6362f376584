#!/usr/bin/env bash
# Shows the gateway's main job without a key and without a network: the first upstream is down, the second hangs, the
# third answers, and the record tells the whole story. Then the gateway is yours until Ctrl-C.
#
#   scripts/demo.sh           what `make demo` does
#   scripts/demo.sh --once    the same, but ends by itself
#
# Everything listens on free ports of 127.0.0.1 and is ended with this script. The configuration and the records stay in
# target/demo; with --once they are in a temporary folder, and go with it. If the answers or the record are not what
# they should be, the script fails. The development build is used, because it is ready much sooner; DEMO_PROFILE=release
# takes the other.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[[ $# -eq 0 || ($# -eq 1 && $1 == --once) ]] || { echo "usage: scripts/demo.sh [--once]" >&2 && exit 2; }
once=${1:-}

scripts/install-missing.sh cc curl sqlite3
source scripts/lib/processes.sh

profile=${DEMO_PROFILE:-dev}
target=${CARGO_TARGET_DIR:-target}
built=$target/${profile/#dev/debug}
if [[ $once ]]; then demo=$scratch/demo; else demo=$target/demo; fi
database=$demo/db.sqlite
# The word that makes a client of this gateway. It opens nothing but this demonstration.
token='demo-token'

# A proxy has no business on the way to this machine.
export NO_PROXY='*' no_proxy='*'

bold='' dim='' green='' plain=''
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' plain=$'\e[0m'
fi

heading() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }

# Prints a command as somebody would type it, then does exactly that.
run() {
    printf '%s$ %s%s\n' "$green" "$1" "$plain"
    eval "$1" || give_up "that failed"
}

build() {
    heading "Building the gateway and the stand-in upstreams"
    cargo build --locked --profile "$profile" --package openai-api-route --bin openai-api-route
    cargo build --locked --profile "$profile" --package oar-testkit --example standin
}

# Two demonstrations in one folder would use one database. The lock is held by everything that is started from here, so
# it lasts as long as the last of them.
take_folder() {
    mkdir -p "$demo"
    exec 9>"$demo/lock"
    flock --nonblock 9 || { echo "demo.sh: $demo is another demonstration's: end that one first" >&2 && exit 1; }
}

start_upstreams() {
    start refuses "$built/examples/standin" --mode refuse
    start hangs "$built/examples/standin" --mode hang
    start answers "$built/examples/standin" --mode answer --key sk-third
    refuses=$(listening_address refuses)
    hangs=$(listening_address hangs)
    answers=$(listening_address answers)
}

write_config() {
    cat >"$demo/config.yaml" <<EOF
# Written by scripts/demo.sh, and overwritten by it. config.sample.yaml explains every key.

# Where clients connect: any free port. And the token they must present.
address: 127.0.0.1:0
authorization: $token

# Where the record of every request goes.
dbtype: sqlite
dbaddr: $database

# Tried from the top for each request, until one answers.
upstreams:
  # Its port is closed: every connection is refused.
  - name: refuses
    sk: sk-first
    endpoint: http://$refuses/v1

  # Takes every request and never says a word. Given up after two seconds, whether or not a stream was asked for.
  - name: hangs
    sk: sk-second
    endpoint: http://$hangs/v1
    timeout: 2s
    stream_timeout: 2s

  # Works. It knows its own key alone, so the gateway must present that one and not the client's token.
  - name: answers
    sk: sk-third
    endpoint: http://$answers/v1
EOF
}

start_gateway() {
    rm -f "$database" "$database-shm" "$database-wal"
    start gateway "$built/openai-api-route" -config "$demo/config.yaml"
    gateway=$(url_of gateway)
    wait_for_url gateway "$gateway/readyz"
}

show_setting() {
    heading "Three upstreams, in this order"
    echo "  1. refuses   $refuses   its port is closed"
    echo "  2. hangs     $hangs   takes the request and never answers; given up after 2 s"
    echo "  3. answers   $answers   works"
    echo
    echo "The gateway listens on $gateway; its configuration is $demo/config.yaml."
}

# The tests of a demonstration: the answer came, and it came from the third.
expect_third() {
    echo
    printf '%sfrom the head of the answer:%s\n' "$dim" "$plain"
    grep -i '^\(HTTP/\|x-oar-\|x-request-id\)' "$demo/head.txt" | tr -d '\r' | sed 's/^/  /'
    grep -q '^HTTP/1.1 200' "$demo/head.txt" || give_up "the answer is no success"
    grep -qi '^x-oar-upstream: answers' "$demo/head.txt" || give_up "the third upstream did not answer"
}

give_up() {
    echo "demo.sh: $1; the gateway's log says:" >&2
    cat "$scratch/gateway.log" >&2
    exit 1
}

ask() {
    heading "A question (it takes the two seconds that the second upstream is given)"
    run "curl -sS -D $demo/head.txt $gateway/v1/chat/completions \\
    -H 'authorization: Bearer $token' -H 'content-type: application/json' \\
    -d '{\"model\": \"gpt-4o-mini\", \"messages\": [{\"role\": \"user\", \"content\": \"Is anybody there?\"}]}'"
    echo
    expect_third
}

ask_for_a_stream() {
    heading "The same as a stream: each event is passed on when it comes"
    run "curl -sS -N -D $demo/head.txt $gateway/v1/chat/completions \\
    -H 'authorization: Bearer $token' -H 'content-type: application/json' \\
    -d '{\"model\": \"gpt-4o-mini\", \"stream\": true, \"stream_options\": {\"include_usage\": true},
         \"messages\": [{\"role\": \"user\", \"content\": \"Count to three.\"}]}'" | tee "$scratch/stream.txt"
    expect_third
    [[ $(grep . "$scratch/stream.txt" | tail -n 1) == 'data: [DONE]' ]] || give_up "the stream has no end"
}

query() { sqlite3 -readonly "$@"; }

# shellcheck disable=SC2317,SC2329  # until_true calls it
both_recorded() {
    [[ $(query "$database" 'select count(*) from records') -ge 2 ]]
}

rows='select id, created_at, request_id, method, path, model, stream, outcome, status, upstream, attempts,
    prompt_tokens, completion_tokens, bytes_in, bytes_out,
    round(response_time / 1e6) as response_ms, round(first_byte_time / 1e6) as first_byte_ms,
    round(elapsed_time / 1e6) as elapsed_ms
from records order by created_at'

tries="select r.rowid as request, a.key + 1 as try,
    json_extract(a.value, '\$.upstream') as upstream, json_extract(a.value, '\$.result') as result,
    coalesce(json_extract(a.value, '\$.status'), '') as status, json_extract(a.value, '\$.ms') as ms,
    coalesce(json_extract(a.value, '\$.detail'), '') as detail
from records r, json_each(r.attempts) a order by r.created_at, a.key"

show_records() {
    until_true gateway both_recorded
    heading "What is on record ($database)"
    query -line "$database" "$rows"
    heading "The tries of each request, out of the column \`attempts\`"
    query -header -column "$database" "$tries"
}

# Of each request, in the order of their coming: its tries.
stories="select (select group_concat(upstream || ':' || result) from (
    select json_extract(value, '\$.upstream') as upstream, json_extract(value, '\$.result') as result
    from json_each(r.attempts) order by key))
from records r order by created_at"

expect_the_whole_story() {
    local story='refuses:connect_refused,hangs:head_timeout,answers:ok' told
    told=$(query "$database" "$stories")
    [[ $told == "$story"$'\n'"$story" ]] ||
        give_up "the record should tell two requests' tries as $story, but tells: $told"
}

show_what_next() {
    heading "The gateway goes on running; press Ctrl-C to end everything. In another terminal, from $PWD:"
    cat <<EOF
  what the caller may use   curl -s $gateway/v1/models -H 'authorization: Bearer $token'
  a wrong token             curl -si $gateway/v1/models -H 'authorization: Bearer wrong'
  an upload, byte for byte  curl -s $gateway/v1/audio/transcriptions -H 'authorization: Bearer $token' \\
                                -F model=whisper-1 -F file=@README.md && sha256sum README.md
  the metrics               curl -s $gateway/metrics
  the records               sqlite3 -header -column $database 'select id, model, outcome, upstream from records'
  the gateway's log         tail -f $scratch/gateway.log
  any OpenAI client         OPENAI_BASE_URL=$gateway/v1 OPENAI_API_KEY=$token
EOF
    echo
}

serve_until_interrupted() {
    trap 'printf "\n%s\n" "ended; the records stay in $database"; exit 0' INT TERM
    # The gateway ends only when it is told to: by Ctrl-C, or by somebody else.
    wait "${started[gateway]}" || true
    give_up "the gateway ended by itself"
}

build
take_folder
start_upstreams
write_config
start_gateway
show_setting
ask
ask_for_a_stream
show_records
expect_the_whole_story
[[ $once == --once ]] && exit 0
show_what_next
serve_until_interrupted
