#!/bin/sh
# tools/coverage.sh - which share of each portable source file the host tests reached: BUILD folder.
set -eu

build=$1
find "$build/host" -name '*.gcda' ! -path '*/tests/*' | sort | while read -r data; do
    gcov -n -o "$(dirname "$data")" "$data" 2>/dev/null
done | awk '
    /^File / { name = $2; gsub(/\047/, "", name) }
    /^Lines executed/ && name != "" && name !~ /\.h$/ && name !~ /^\// {
        split($0, part, /[:% ]+/)
        lines = $NF; percent = part[3]
        printf "%6.1f %% of %4d  %s\n", percent, lines, name
        total += lines; reached += lines * percent / 100
        name = "" # gcov ends with a sum that belongs to no file
    }
    END { if (total) printf "%6.1f %% of %4d  all\n", 100 * reached / total, total }'
