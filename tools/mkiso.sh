#!/bin/sh
# tools/mkiso.sh - makes the hybrid boot image: CD and raw disk, BIOS and UEFI.
#
#   tools/mkiso.sh [-c 'KERNEL WORDS'] [-t SECONDS] KERNEL.elf OUTPUT.iso
#
# The same kernel, options and GRUB packages give the same bytes: every date is SOURCE_DATE_EPOCH,
# every serial number is fixed. grub-mkrescue is not used: its images are neither small nor
# reproducible, and some firmwares do not start its lone protective partition from a USB stick.
set -eu

version=0.1
label=CARILLON
cmdline=
timeout=1

usage() {
    echo "usage: $0 [-c 'KERNEL WORDS'] [-t SECONDS] KERNEL.elf OUTPUT.iso" >&2
    exit 2
}

while getopts c:t: option; do
    case $option in
    c) cmdline=" $OPTARG" ;;
    t) timeout=$OPTARG ;;
    *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 2 ] || usage
kernel=$1
output=$2
here=$(dirname "$0")

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1700000000}
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C MTOOLS_SKIP_CHECK=1
stamp=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S)00

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# The loader looks for a file that no other disk of the machine is likely to hold: a path such as
# /boot/kernel could be found on the very disk that is to be tested.
id_file=/boot/carillon-$version.id
mkdir -p "$work/iso/boot/grub" "$work/esp"
cat >"$work/embed.cfg" <<END
search --no-floppy --file --set=root $id_file
set prefix=(\$root)/boot/grub
configfile (\$root)/boot/grub/grub.cfg
END

# Everything GRUB needs is inside its two images; the medium holds only grub.cfg and the kernel.
modules="normal configfile multiboot2 iso9660 part_msdos part_gpt search search_fs_file test echo
    minicmd reboot halt serial terminal sleep"
# shellcheck disable=SC2086 # the list of modules is meant to be split
grub-mkimage -d /usr/lib/grub/i386-pc -O i386-pc-eltorito -C xz -p /boot/grub \
    -c "$work/embed.cfg" -o "$work/iso/boot/eltorito.img" biosdisk $modules vbe
# shellcheck disable=SC2086
grub-mkimage -d /usr/lib/grub/x86_64-efi -O x86_64-efi -p /boot/grub \
    -c "$work/embed.cfg" -o "$work/esp/BOOTX64.EFI" fat efi_gop $modules

cp "$kernel" "$work/iso/boot/carillon.elf"
chmod 644 "$work/iso/boot/carillon.elf"
echo "Carillon $version" >"$work/iso$id_file"
# awk's gsub would read & and \ in the words; index and substr do not.
CARILLON_WORDS=$cmdline CARILLON_TIMEOUT=$timeout awk '
    function put(line, mark, text,    at) {
        at = index(line, mark)
        return at ? substr(line, 1, at - 1) text substr(line, at + length(mark)) : line
    }
    /^#/ { print; next }
    { print put(put($0, "@CMDLINE@", ENVIRON["CARILLON_WORDS"]), "@TIMEOUT@", ENVIRON["CARILLON_TIMEOUT"]) }
' "$here/../iso/grub.cfg" >"$work/iso/boot/grub/grub.cfg"
find "$work" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

# 800 KiB: 50 tracks of 32 sectors on one head; -N fixes the volume serial number.
truncate -s 800K "$work/efi.img"
mformat -i "$work/efi.img" -h 1 -s 32 -t 50 -N 43415249 -v CARILLONESP ::
mmd -i "$work/efi.img" ::/EFI ::/EFI/BOOT
mcopy -m -i "$work/efi.img" "$work/esp/BOOTX64.EFI" ::/EFI/BOOT/
touch -d "@$SOURCE_DATE_EPOCH" "$work/efi.img"

# A plain MBR, the ISO its active first partition and the EFI system partition its second: also the
# BIOSes that insist on an active partition start it, and there is no backup GPT to be misplaced
# when the image is written to a larger stick.
mkdir -p "$(dirname "$output")"
rm -f "$output"
xorriso -report_about SORRY -as mkisofs -r -V "$label" -iso-level 3 \
    --modification-date="$stamp" --set_all_file_dates set_to_mtime \
    -b boot/eltorito.img -no-emul-boot -boot-load-size 4 -boot-info-table --grub2-boot-info \
    --grub2-mbr /usr/lib/grub/i386-pc/boot_hybrid.img \
    -append_partition 2 0xef "$work/efi.img" \
    -eltorito-alt-boot -e --interval:appended_partition_2:all:: -no-emul-boot \
    -partition_offset 16 --mbr-force-bootable \
    -o "$output" "$work/iso" 2>"$work/xorriso.log" || {
    cat "$work/xorriso.log" >&2
    exit 1
}
