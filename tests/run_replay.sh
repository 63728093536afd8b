#!/bin/sh
# tests/run_replay.sh - each fuzz target on each input of its corpora: MADE TARGET...
# The corpora are tests/fuzz/corpus and what tests/fuzz/seeds.py has put into MADE.
set -u

made=$1
shift
kept=$(dirname "$0")/fuzz/corpus
failed=0
for target in "$@"; do
    name=$(basename "$target")
    inputs=$(find "$kept/${name#fuzz_}" "$made/${name#fuzz_}" -type f 2>/dev/null | sort)
    count=$(printf '%s\n' "$inputs" | grep -c .)
    # shellcheck disable=SC2086 # the names of the corpus have no blanks
    if [ "$count" -gt 0 ] && "$target" $inputs; then
        echo "$name: $count inputs replayed"
    else
        echo "$name: FAILED on its corpus of $count inputs"
        failed=1
    fi
done
exit $failed
