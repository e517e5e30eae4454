#!/usr/bin/env bash
# A tour of Sluice on loopback: a gateway, a demonstration vendor behind it, and what goes over the wire on both sides.
#
#   scripts/run.sh PROGRAM      RUN_ONCE=1 ends after the tour; otherwise it keeps serving until Ctrl-C
set -euo pipefail
export LC_ALL=C.UTF-8

program=$(realpath "$1")
root=$(realpath "$(dirname "$0")/..")
dir=$(mktemp -d "${TMPDIR:-/tmp}/sluice-tour.XXXXXX")
started=()

finish() {
    trap - EXIT INT TERM
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

columns=130
if [ -t 1 ]; then
    columns=$(tput cols 2>/dev/null || echo 130)
    ((columns >= 100)) || columns=100
    ((columns <= 160)) || columns=160
fi
half=$(((columns - 3) / 2))
if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'; else bold= dim= red= green= plain=; fi

title() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
shown() { printf '%s$ %s%s\n' "$dim" "$1" "$plain"; }

# One line cut or filled to the width of a column. Counts characters, which printf does not.
fit() {
    local text=$1
    ((${#text} <= half)) || text="${text:0:half-1}…"
    printf '%s%*s' "$text" $((half - ${#text})) ''
}

# beside LEFT RIGHT: two texts next to each other, what differs in colour.
beside() {
    local -a left right
    mapfile -t left <<<"$1"
    mapfile -t right <<<"$2"
    printf '%s%s │ %s%s\n' "$bold" "$(fit 'what the vendor sends')" "what the agent gets" "$plain"
    local line count=$((${#left[@]} > ${#right[@]} ? ${#left[@]} : ${#right[@]}))
    for ((line = 0; line < count; line++)); do
        local one=${left[line]-} other=${right[line]-}
        if [ "$one" = "$other" ]; then
            printf '%s │ %s\n' "$(fit "$one")" "${other:0:half}"
        else
            printf '%s%s%s │ %s%s%s\n' "$red" "$(fit "$one")" "$plain" "$green" "${other:0:half}" "$plain"
        fi
    done
}

# await FILE PATTERN PID WHAT: up to a minute until a line of the file matches; prints what the pattern's group holds.
await() {
    for _ in $(seq 600); do
        local found
        found=$(sed -nE "s#.*$2.*#\\1#p" "$1" 2>/dev/null | head -n 1)
        if [ -n "$found" ]; then
            printf '%s' "$found"
            return
        fi
        kill -0 "$3" 2>/dev/null || break
        sleep 0.1
    done
    echo "error: $4 did not start; it said:" >&2
    cat "$1" >&2
    exit 1
}

# The vendor's key is the gateway's; the agent is given one of the gateway's own.
umask 077
od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$dir/vendor.key"
"$program" demo-vendor --key-file "$dir/vendor.key" --requests-log "$dir/vendor.log" >"$dir/vendor.out" 2>&1 &
started+=($!)
vendor=$(await "$dir/vendor.out" 'listening on (http://[^ ]+)' $! 'the demonstration vendor')

made=$("$program" key new --name tour-agent --groups agents --json)
key=$(jq -r .key <<<"$made")

cat >"$dir/sluice.yaml" <<YAML
listen: {host: 127.0.0.1, port: 0}
data: $dir/data
corpus: $root/corpus
connections:
  - name: vendor
    upstream: $vendor
    credential: {kind: bearer, from: "file:$dir/vendor.key"}
    profiles: [default, commands]
keys:
  - name: tour-agent
    hash: $(jq -r .hash <<<"$made")
    groups: [agents]
people:
  - {name: operator, os_user: $(id -un), groups: [leads]}
policies:
  - {name: use, groups: [agents], connections: [vendor], decision: allow}
  - name: deletes
    groups: [agents]
    connections: [vendor]
    methods: [DELETE]
    decision: approve
    approvers: [leads]
    reason: "deletes need a person's consent"
YAML
"$program" serve --config "$dir/sluice.yaml" >"$dir/gateway.out" 2>&1 &
started+=($!)
gateway=$(await "$dir/gateway.out" 'listening on (https?://[^ "]+)' $! 'the gateway')

direct() { curl -sS -m 30 -H "Authorization: Bearer $(cat "$dir/vendor.key")" "$vendor$1" "${@:2}"; }
through() { curl -sS -m 30 -H "Authorization: Bearer $key" "$gateway/vendor$1" "${@:2}"; }
executed() { direct /executed | jq -c '{deletes, statements}'; }
sluice() { "$program" "$@" --config "$dir/sluice.yaml"; }

echo "gateway   $gateway    configuration $dir/sluice.yaml"
echo "vendor    $vendor    only the gateway holds its key"

title '1. A response is masked while it streams'
path='/customers?bytes=12000&seed=3&chunk=ragged'
shown "curl -H \"Authorization: Bearer \$KEY\" '$gateway/vendor$path' | jq …"
pick='[.data[] | select(.name) | {name, email, phone, card, tax, bank_account, notes, balance} | with_entries(select(.value != null))] | .[:3][]'
beside "$(direct "$path" | jq "$pick")" "$(through "$path" | jq "$pick")"

title '2. A model answers in pieces; a card number spread over them is masked as one'
ask='{"model": "demo", "stream": true, "messages": [{"role": "user", "content": "who pays?"}]}'
shown "curl -N … '$gateway/vendor/v1/chat/completions' -d '$ask'"
# The pieces of text, one a line, as the events bring them.
pieces() { sed -n 's/^data: {/{/p' | jq -c '.choices[]?.delta.content // empty'; }
beside "$(direct /v1/chat/completions -d "$ask" -H 'Content-Type: application/json' | pieces)" \
    "$(through /v1/chat/completions -d "$ask" -H 'Content-Type: application/json' | pieces)"

title '3. A destructive command is stopped before the vendor sees a byte'
statement='{"query": "DROP/* old */TABLE customers"}'
shown "curl … '$gateway/vendor/sql' -d '$statement'"
through /sql -d "$statement" -H 'Content-Type: application/json' -w '\nHTTP %{http_code}, Sluice-Denied: %header{sluice-denied}\n'
echo "the vendor carried out: $(executed)"

title '4. A delete waits for a person'
shown "curl -X DELETE … '$gateway/vendor/customers/cus_42'"
through /customers/cus_42 -X DELETE -w '\nHTTP %{http_code}, Sluice-Denied: %header{sluice-denied}, Sluice-Review: %header{sluice-review}\n' | tee "$dir/refusal"
review=$(sed -nE 's/.*Sluice-Review: ([^ ]+).*/\1/p' "$dir/refusal")
echo "the vendor carried out: $(executed)"
shown "sluice review list --config sluice.yaml"
sluice review list
shown "sluice review approve $review --config sluice.yaml"
sluice review approve "$review"
echo 'the same request again:'
through /customers/cus_42 -X DELETE -w '\nHTTP %{http_code}\n'
echo 'and once more:'
through /customers/cus_42 -X DELETE -w '\nHTTP %{http_code}, Sluice-Denied: %header{sluice-denied}\n'
echo "the vendor carried out: $(executed)"

title '5. All of it is on record'
shown "sluice session list --config sluice.yaml"
sluice session list

[ "${RUN_ONCE:-}" != 1 ] || exit 0

title 'Serving until Ctrl-C. To try from another terminal:'
cat <<LINES
  export KEY=$key
  curl -H "Authorization: Bearer \$KEY" '$gateway/vendor/customers?bytes=3000&chunk=ragged'
  curl -H "Authorization: Bearer \$KEY" '$gateway/vendor/customers?bytes=10000000000' -o /dev/null
  curl -H "Authorization: Bearer \$KEY" '$gateway/vendor/events.ndjson?bytes=3000'
  curl -H "Authorization: Bearer \$KEY" '$gateway/vendor/echo-headers'
  curl -H "Authorization: Bearer \$KEY" -X DELETE '$gateway/vendor/customers/cus_7' -i
  curl -H "Authorization: Bearer \$KEY" '$gateway/vendor/sql' -d 'truncate table customers'
  $program review list --config $dir/sluice.yaml
  $program session list --config $dir/sluice.yaml
LINES
wait "${started[-1]}"
# It ends in order only where it is told to; this script is told as well, but may come to know it later.
exit 130
