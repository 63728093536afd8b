"""tests/bench/guests.py - the virtual machine in which guests are compared."""
import os
import pathlib
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
DISK = ["-blockdev", "driver=null-co,node-name=d0,size=1073741824,read-zeroes=on",
        "-device", "nvme,serial=abc,drive=d0"]


def machine(accel, cpus=1):
    """The command line that all guests share. There is always room for a second CPU: with one CPU
    for good, QEMU 7.2 turns the guest's memory barriers into nothing."""
    return ["qemu-system-x86_64", "-machine", "q35", *accel, "-smp", f"{cpus},maxcpus=2",
            "-m", "1024", "-display", "none", "-nodefaults", "-no-user-config", "-no-reboot",
            "-serial", "stdio", "-name", "compare,debug-threads=on", *DISK]


def pin(process):
    """Gives the guest's CPU and QEMU's main loop a core each.

    Left to the host's scheduler they share one in some boots and not in others, and each regime
    favours another way of waiting: polling is four times slower and sleeping three times faster
    when they share. Where there is only one core nothing is done.
    """
    cores = sorted(os.sched_getaffinity(0))
    tasks = pathlib.Path(f"/proc/{process.pid}/task")
    for _ in range(100):
        cpus = [t for t in tasks.iterdir() if (t / "comm").read_text().startswith("CPU 0")]
        if cpus or len(cores) < 2:
            break
        time.sleep(0.05)
    if len(cores) >= 2 and cpus:
        os.sched_setaffinity(process.pid, {cores[0]})
        os.sched_setaffinity(int(cpus[0].name), {cores[1]})
