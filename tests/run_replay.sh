#!/bin/sh
# tests/run_replay.sh - each fuzz target on each input of its corpus: CORPUS TARGET...
set -u

corpus=$1
shift
failed=0
for target in "$@"; do
    name=$(basename "$target")
    inputs=$(find "$corpus/${name#fuzz_}" -type f | sort)
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
