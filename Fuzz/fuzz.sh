#!/bin/sh
# Builds a fuzzer with address sanitizer and runs it; what it finds is kept in Fuzz/found.
#
#   FUZZ_SECONDS=600 Fuzz/fuzz.sh [engine|READER] [libFuzzer's own options]      (readers of commands: shell, sql, …; see Fuzz/README.md)
set -eu
cd "$(dirname "$0")/.."

target=${1:-engine}
[ $# -eq 0 ] || shift
seconds=${FUZZ_SECONDS:-600}
scratch=.build-fuzz
# The Swift runtime would start a debugger of its own in a process that libFuzzer watches, and hang.
export SWIFT_BACKTRACE=enable=no
# Swift keeps bits of its own in the pointers of enum payloads, so the leak checker takes live rules for lost ones. Short stacks and a small
# quarantine: twice as many inputs a second.
export ASAN_OPTIONS=detect_leaks=0:malloc_context_size=6:quarantine_size_mb=32${ASAN_OPTIONS:+:$ASAN_OPTIONS}

if [ "$target" = engine ]; then
    product=fuzz-engine work=Fuzz seeds=seeds dictionary=dictionary replay="make fuzz-replay FILE="
else
    product=fuzz-operations work=Fuzz/work/$target seeds="command-seeds $target" dictionary="command-dictionary $target"
    replay="make fuzz-replay READER=$target FILE="
    export FUZZ_READER="$target"
fi

# Seeds and dictionary come from a build without sanitizers, which is also what replays.
swift build --package-path Fuzz --scratch-path .build-fuzz-case -c release --product fuzz-case
# --sanitize=fuzzer leaves `main` to libFuzzer. The rest is passed by hand: of two --sanitize, swiftc would take the last alone.
swift build --package-path Fuzz --scratch-path "$scratch" -c release --product "$product" --sanitize=fuzzer \
    -Xswiftc -sanitize=address,fuzzer -Xcc -fsanitize=address,fuzzer-no-link

mkdir -p "$work/inputs" "$work/found"
rm -rf "$work/seeds"
.build-fuzz-case/release/fuzz-case $seeds "$work/seeds"
.build-fuzz-case/release/fuzz-case $dictionary > "$work/words.dict"

status=0
"$scratch/release/$product" "$work/inputs" "$work/seeds" -dict="$work/words.dict" -artifact_prefix="$work/found/" -max_total_time="$seconds" \
    -max_len=1536 -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 "$@" || status=$?
if [ "$status" -ne 0 ]; then
    latest=$(ls -t "$work/found" | head -1)
    echo "error: a promise is broken (exit $status)" >&2
    echo "hint: repeat it with  $replay$work/found/$latest" >&2
    exit 1
fi
echo "no input broke a promise in $seconds s"
