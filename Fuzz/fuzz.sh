#!/bin/sh
# Builds the fuzzer with address sanitizer and runs it over the engine; what it finds is kept in Fuzz/found.
#
#   FUZZ_SECONDS=600 Fuzz/fuzz.sh [libFuzzer's own options]
set -eu
cd "$(dirname "$0")/.."

seconds=${FUZZ_SECONDS:-600}
scratch=.build-fuzz
# The Swift runtime would start a debugger of its own in a process that libFuzzer watches, and hang.
export SWIFT_BACKTRACE=enable=no
# Swift keeps bits of its own in the pointers of enum payloads, so the leak checker takes live rules for lost ones. Short stacks and a small
# quarantine: twice as many inputs a second.
export ASAN_OPTIONS=detect_leaks=0:malloc_context_size=6:quarantine_size_mb=32${ASAN_OPTIONS:+:$ASAN_OPTIONS}

# Seeds and dictionary come from a build without sanitizers, which is also what replays.
swift build --package-path Fuzz --scratch-path .build-fuzz-case -c release --product fuzz-case
# --sanitize=fuzzer leaves `main` to libFuzzer. The rest is passed by hand: of two --sanitize, swiftc would take the last alone.
swift build --package-path Fuzz --scratch-path "$scratch" -c release --product fuzz-engine --sanitize=fuzzer \
    -Xswiftc -sanitize=address,fuzzer -Xcc -fsanitize=address,fuzzer-no-link

mkdir -p Fuzz/inputs Fuzz/found
rm -rf Fuzz/seeds
.build-fuzz-case/release/fuzz-case seeds Fuzz/seeds
.build-fuzz-case/release/fuzz-case dictionary > Fuzz/words.dict

status=0
"$scratch/release/fuzz-engine" Fuzz/inputs Fuzz/seeds -dict=Fuzz/words.dict -artifact_prefix=Fuzz/found/ -max_total_time="$seconds" \
    -max_len=1536 -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 "$@" || status=$?
if [ "$status" -ne 0 ]; then
    latest=$(ls -t Fuzz/found | head -1)
    echo "error: the engine broke a promise (exit $status)" >&2
    echo "hint: repeat it with  make fuzz-replay FILE=Fuzz/found/$latest" >&2
    exit 1
fi
echo "no input broke a promise in $seconds s"
