#!/bin/sh
# tools/vm.sh - starts QEMU with the image and a disk on this terminal.
#
#   tools/vm.sh run   ISO DISK [QEMU OPTION...]      the shell
#   tools/vm.sh debug ISO DISK [QEMU OPTION...]      the same, stopped until gdb connects to :1234
#   tools/vm.sh bench ISO DISK 'COMMAND' [OPTION...] runs the command, then switches off; fails when
#                                                    no result was printed
set -eu

here=$(dirname "$0")
mode=$1
iso=$2
disk=$3
shift 3

limit=
accel=$("$here/accel.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The host's fastest way to the disk file, where its kernel has it: QEMU's own threads compete with
# the guest for the cores.
aio=threads
if qemu-io -f raw -i io_uring -r -c 'read 0 512' "$disk" >"$work/aio" 2>&1; then
    aio=io_uring
fi

start() {
    # shellcheck disable=SC2086 # the options of the accelerator are several words
    $limit qemu-system-x86_64 -machine q35 $accel -smp 2 -m 512 -no-reboot -display none -nodefaults \
        -no-user-config -boot d -cdrom "$iso" \
        -drive if=none,id=disk,format=raw,cache=writeback,aio=$aio,file="$disk" \
        -device nvme,serial=CARILLON1,drive=disk "$@"
}

case $mode in
run | debug)
    echo "Leave with Ctrl-A X. Disk: $disk"
    if [ "$mode" = debug ]; then
        set -- "$@" -gdb tcp::1234 -S
        echo "Waiting for gdb ${iso%.iso}.elf -ex 'target remote :1234'"
    fi
    start -serial mon:stdio "$@"
    ;;
bench)
    command=$1
    shift
    log=${iso%.iso}-bench.log
    printf '%s' "lsblk; $command; poweroff" >"$work/run"
    # A guest that hangs must not hang an unattended run for ever.
    limit="timeout --foreground -k 5 ${BENCH_TIMEOUT:-600}"
    status=0
    start -chardev stdio,id=term,mux=on,signal=off,logfile="$log" -serial chardev:term \
        -mon chardev=term -fw_cfg name=opt/carillon/run,file="$work/run" "$@" || status=$?
    if [ $status -ne 0 ]; then
        echo "tools/vm.sh: QEMU ended with status $status (124: the guest did not end)" >&2
        exit 1
    fi
    if ! grep -q 'IOPS=' "$log"; then
        echo "tools/vm.sh: the benchmark did not complete; see $log" >&2
        exit 1
    fi
    ;;
*)
    echo "usage: $0 run|debug|bench ISO DISK ..." >&2
    exit 2
    ;;
esac
