#!/bin/sh
# tools/mkdisk.sh - makes a disk image to try things on: GPT, one FAT32 partition, a few files.
# Needs neither root nor loop devices. usage: tools/mkdisk.sh OUTPUT.img [SIZE_MIB]
set -eu

output=$1
size_mib=${2:-1024}
part_mib=$((size_mib / 2))
export MTOOLS_SKIP_CHECK=1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$(dirname "$output")"
rm -f "$output"
truncate -s "${size_mib}M" "$output"
sgdisk --clear --new=1:2048:+"${part_mib}M" --typecode=1:0700 --change-name=1:DATA "$output" >/dev/null
fat=$work/fat.img
truncate -s "${part_mib}M" "$fat"
mkfs.fat -F 32 -n CARILLON "$fat" >/dev/null

echo "Hello from a FAT32 file." >"$work/hello.txt"
seq 1 20000 >"$work/numbers.txt"
head -c 3000000 /dev/zero | tr '\0' 'C' >"$work/three-megabytes.bin"
mmd -i "$fat" ::/docs
mcopy -i "$fat" "$work/hello.txt" ::/hello.txt
mcopy -i "$fat" "$work/numbers.txt" "::/docs/A long name with blanks.txt"
mcopy -i "$fat" "$work/three-megabytes.bin" ::/docs/three-megabytes.bin
dd if="$fat" of="$output" bs=1M seek=1 conv=notrunc,sparse status=none
