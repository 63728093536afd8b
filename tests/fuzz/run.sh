#!/bin/sh
# tests/fuzz/run.sh - libFuzzer on each target for a while: WORK MADE SECONDS TARGET...
# It begins with tests/fuzz/corpus and what tests/fuzz/seeds.py has put into MADE. New inputs are
# kept in WORK/corpus; an input that crashes is kept in WORK and named.
set -u

work=$1
made=$2
seconds=$3
shift 3
kept=$(dirname "$0")/corpus
failed=0
# Memory given back comes into use again soon enough: it is the page faults that cost time.
ASAN_OPTIONS=quarantine_size_mb=8:allocator_release_to_os_interval_ms=-1
export ASAN_OPTIONS
for target in "$@"; do
    name=$(basename "$target")
    what=${name#fuzz_}
    mkdir -p "$work/corpus/$what" "$made/$what"
    echo "== $name, $seconds s"
    "$target" -max_total_time="$seconds" -max_len=8192 -len_control=10 -timeout=20 \
        -artifact_prefix="$work/$name-" -print_final_stats=1 \
        "$work/corpus/$what" "$made/$what" "$kept/$what" >"$work/$name.log" 2>&1 || {
        failed=1
        tail -40 "$work/$name.log"
    }
    grep 'DONE\|number_of_executed_units' "$work/$name.log"
done
exit $failed
