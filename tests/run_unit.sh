#!/bin/sh
# tests/run_unit.sh - runs the unit tests given after the log folder, as many at a time as there are
# CPUs; all of them, then fails if one did.
set -u

# run_one LOGS TEST: shows what became of each of its tests, and everything if one failed.
run_one() {
    name=$(basename "$2")
    log=$1/$name.log
    status=0
    "$2" >"$log" 2>&1 || status=$?
    text=$(grep -v '^\[ RUN \|^\[ *RUN\|^\[ *OK' "$log" | grep '^\[' | sed "s/^/$name: /")
    if [ "$status" -ne 0 ]; then
        text="$text
$(cat "$log")
$name: FAILED (status $status)"
    fi
    printf '%s\n' "$text" # at once: another one may be writing, too
    return "$status"
}

if [ "$1" = --one ]; then
    run_one "$2" "$3" && exit 0
    exit 1
fi
logs=$1
shift
mkdir -p "$logs"
printf '%s\n' "$@" | xargs -n 1 -P "$(nproc)" "$0" --one "$logs"
