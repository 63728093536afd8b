#!/bin/sh
# tests/fuzz/run.sh - libFuzzer on each target for a while: WORK SECONDS TARGET...
# New inputs are kept in WORK/corpus; an input that crashes is kept in WORK and named.
set -u

work=$1
seconds=$2
shift 2
seeds=$(dirname "$0")/corpus
failed=0
for target in "$@"; do
    name=$(basename "$target")
    what=${name#fuzz_}
    mkdir -p "$work/corpus/$what"
    echo "== $name, $seconds s"
    "$target" -max_total_time="$seconds" -artifact_prefix="$work/$name-" -print_final_stats=1 \
        "$work/corpus/$what" "$seeds/$what" >"$work/$name.log" 2>&1 || {
        failed=1
        tail -40 "$work/$name.log"
    }
    grep 'DONE\|number_of_executed_units' "$work/$name.log"
done
exit $failed
