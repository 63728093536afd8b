#!/bin/sh
# tools/deps.sh - installs the Debian packages that building, running and testing need; does nothing,
# and needs neither network nor root, when all are there.
set -eu

packages="
    binutils gcc libc6-dev make nasm
    clang clang-tidy clang-format libclang-rt-14-dev cppcheck universal-ctags shellcheck
    grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools
    qemu-system-x86 qemu-utils ovmf gdisk fdisk dosfstools e2fsprogs
    libcmocka-dev
    valgrind fio python3-six python3-matplotlib
    python3 python3-pytest python3-pytest-xdist python3-pexpect python3-pycodestyle pyflakes3
    $*
"

missing=
for package in $packages; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "Installing$missing"
as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root=sudo
    if ! command -v sudo >/dev/null; then
        echo "tools/deps.sh: run this as root: apt-get install$missing" >&2
        exit 1
    fi
fi
$as_root apt-get update
# shellcheck disable=SC2086 # a list of packages, meant to be split
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
