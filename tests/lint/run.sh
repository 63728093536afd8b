#!/bin/sh
# tests/lint/run.sh - everything `make lint` looks at. Runs all checks, then fails if one complained.
# The Makefile passes flags and file lists in CC_HOST, CC_KERNEL, HOST_C and KERNEL_C.
set -u

build=$1
mkdir -p "$build/lint"
cd "$(dirname "$0")/../.." || exit 1
failed=0
jobs=2

# step NAME COMMAND...: quiet when it passes.
step() {
    name=$1
    shift
    if "$@" >"$build/lint/$name.log" 2>&1; then
        printf 'lint: %-16s ok\n' "$name"
    else
        printf 'lint: %-16s FAILED\n' "$name"
        cat "$build/lint/$name.log"
        failed=1
    fi
}

# each COMMAND...: reads file names and runs the command on each of them.
# shellcheck disable=SC2317 # called by the functions that step calls
each() {
    xargs -P "$jobs" -n 1 "$@"
}

# shellcheck disable=SC2086,SC2317 # lists of flags and files; the functions are called by step
compile() {
    compiler=$1
    case $compiler in
    *clang*) quiet=-Wno-unused-command-line-argument ;;
    *) quiet= ;;
    esac
    printf '%s\n' $KERNEL_C | each $compiler $CC_KERNEL $quiet -fsyntax-only &&
        printf '%s\n' $HOST_C | each $compiler $CC_HOST $quiet -fsyntax-only
}

# shellcheck disable=SC2086,SC2317
headers_alone() {
    for compiler in gcc clang; do
        find lib arch boot drivers fs apps -name '*.h' | sort |
            xargs -P $jobs -I HEADER $compiler $CC_KERNEL -Wno-unused -Wno-unused-command-line-argument \
                -fsyntax-only -include HEADER -x c /dev/null || return 1
    done
}

# shellcheck disable=SC2086,SC2317
tidy() {
    printf '%s\n' $KERNEL_C | xargs -P $jobs -n 4 sh -c '
        clang-tidy --quiet "$@" -- '"$CC_TIDY"' 2>&1 | grep -v "warnings generated\|^$\|Suppressed\|Use -header-filter" &&
            exit 1
        exit 0' tidy
}

# shellcheck disable=SC2086,SC2317
cppcheck_all() {
    cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
        --error-exitcode=1 -j $jobs -I. -D__x86_64__ -D__cppcheck__ --suppress=missingInclude \
        --suppressions-list=tests/lint/cppcheck.txt $KERNEL_C
}

# shellcheck disable=SC2317
scripts() {
    find tools tests .ci -name '*.sh' -o -path '.ci/run' | sort | xargs shellcheck -x
}

# shellcheck disable=SC2317
python() {
    files=$(find tools tests -name '*.py' | sort)
    # shellcheck disable=SC2086
    "$PYTHON" -m pycodestyle --max-line-length=100 $files && "$PYTHON" -m pyflakes $files
}

# The analyser needs no optimisation and no warnings: the compilers have given theirs.
CC_TIDY=$(printf '%s' "$CC_KERNEL" | sed 's/-mstack-protector-guard=global//; s/-W[a-z-]*//g')

step gcc compile gcc
step clang compile clang
step headers headers_alone
step layers "$PYTHON" tests/lint/check_layers.py
step waits "$PYTHON" tests/lint/check_waits.py
step sizes "$PYTHON" tests/lint/check_size.py
step text "$PYTHON" tests/lint/check_text.py
step python python
step shellcheck scripts
step cppcheck cppcheck_all
step clang-tidy tidy
exit $failed
