#!/bin/sh
# tests/run_unit.sh - runs the unit tests given after the log folder; all of them, then fails if one did.
set -u

logs=$1
shift
mkdir -p "$logs"
failed=0
for test in "$@"; do
    name=$(basename "$test")
    if "$test" >"$logs/$name.log" 2>&1; then
        result=ok
    else
        result="FAILED (status $?)"
        failed=1
    fi
    grep -v '^\[ RUN \|^\[ *RUN\|^\[ *OK' "$logs/$name.log" | grep '^\[' | sed "s/^/$name: /"
    if [ "$result" != ok ]; then
        cat "$logs/$name.log"
        echo "$name: $result"
    fi
done
exit $failed
