"""tests/peer.py - the guest that Carillon is compared with: Debian's kernel, unpacked from its
package, with busybox and fio in an initial RAM disk that runs a script and powers off."""
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import threading

PACKAGES = ["fio", "busybox-static", "cpio", "kmod"]
KERNEL_PACKAGE = "linux-image-amd64"  # what Debian installs; the disk's driver is a module of it
DISK_MODULE = "nvme"
# The parts of the package in which the kernel, that module and those it needs are.
PARTS = ["./boot/vmlinuz-*", *(f"./lib/modules/*/kernel/{part}/*"
                               for part in ("drivers/nvme", "crypto", "lib", "block", "arch"))]

INIT = """#!/bin/sh
export PATH=/bin:/usr/bin
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
{insmods}
while [ ! -b /dev/nvme0n1 ]; do /bin/busybox sleep 0.1; done
echo "peer: $(/bin/busybox uname -r)"
{script}
/bin/busybox poweroff -f
"""


class PeerError(Exception):
    """The peer cannot be had, or did not end by itself."""


def run(*command, **options):
    """Runs a program that must succeed."""
    try:
        return subprocess.run([str(c) for c in command], check=True, **options)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PeerError(f"{command[0]}: {error}") from None


def fetch_kernel(work):
    """Unpacks Debian's kernel into the folder work/kernel; returns the path of its image."""
    unpacked = pathlib.Path(work) / "kernel"
    images = sorted(unpacked.glob("boot/vmlinuz-*"))
    if not images:
        depends = run("apt-cache", "depends", KERNEL_PACKAGE, capture_output=True, text=True).stdout
        package = re.search(r"Depends: (linux-image-\S+)", depends)
        if not package:
            raise PeerError(f"apt-cache knows no {KERNEL_PACKAGE}; run apt-get update")
        run("apt-get", "download", package[1], cwd=work, stderr=subprocess.DEVNULL)
        archive = next(pathlib.Path(work).glob(f"{package[1]}_*.deb"))
        whole = archive.with_suffix(".tar")
        with open(whole, "wb") as file:
            run("dpkg-deb", "--fsys-tarfile", archive, stdout=file)
        fresh = unpacked.with_name("kernel.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        run("tar", "-x", "-C", fresh, "-f", whole, "--wildcards", *PARTS)
        fresh.rename(unpacked)  # whole or not at all
        archive.unlink()
        whole.unlink()
        images = sorted(unpacked.glob("boot/vmlinuz-*"))
    return images[-1]


def libraries(program):
    """The files a dynamic program needs."""
    output = run("ldd", program, capture_output=True, text=True).stdout
    return [match[0] or match[1]
            for match in re.findall(r"=> (/\S+)|^\s*(/\S+) \(", output, re.MULTILINE)]


def modules(unpacked, name, found=None):
    """The files of a module and of those it needs, in the order in which they have to be loaded."""
    found = [] if found is None else found
    pattern = re.sub("[-_]", "[-_]", name)
    for path in unpacked.glob(f"lib/modules/*/kernel/**/{pattern}.ko"):
        depends = run("/sbin/modinfo", "-F", "depends", path, capture_output=True, text=True).stdout
        for other in filter(None, depends.strip().split(",")):
            modules(unpacked, other, found)
        if path not in found:
            found.append(path)
    return found


def make_initrd(work, script, files=None, poll_queues=0):
    """Builds work/initrd.gz: what runs the lines of script, a string, once /dev/nvme0n1 is there.

    busybox is /bin/sh, fio is in the PATH; files are {path in the guest: bytes}; poll_queues is how
    many queues of the disk have no interrupts, for fio's hipri. Needs the result of
    fetch_kernel(work).
    """
    work = pathlib.Path(work)
    tree = work / "initrd"
    shutil.rmtree(tree, ignore_errors=True)
    for folder in ("bin", "usr/bin", "proc", "sys", "dev", "tmp", "modules"):
        (tree / folder).mkdir(parents=True)
    tools = {name: shutil.which(name) for name in ("busybox", "fio")}
    if None in tools.values():
        raise PeerError(f"the packages {' '.join(PACKAGES)} are needed")
    shutil.copy(tools["busybox"], tree / "bin/busybox")
    (tree / "bin/sh").symlink_to("busybox")
    shutil.copy(tools["fio"], tree / "usr/bin/fio")
    for library in libraries(tools["fio"]):
        target = tree / library.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.realpath(library), target)
    for name, data in (files or {}).items():
        target = tree / name.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    drivers = modules(work / "kernel", DISK_MODULE)
    for driver in drivers:
        shutil.copy(driver, tree / "modules")
    words = {DISK_MODULE: f" poll_queues={poll_queues}"}
    insmods = [f"/bin/busybox insmod /modules/{d.name}{words.get(d.stem, '')}" for d in drivers]
    (tree / "init").write_text(INIT.format(script=script, insmods="\n".join(insmods)))
    (tree / "init").chmod(0o755)
    names = run("find", ".", cwd=tree, capture_output=True).stdout
    archive = run("cpio", "-o", "-H", "newc", "--quiet", cwd=tree, input=names,
                  capture_output=True).stdout
    initrd = work / "initrd.gz"
    initrd.write_bytes(gzip.compress(archive, 1))
    return initrd


def boot_options(kernel, initrd):
    """QEMU's options that boot the peer with its console on the first serial port."""
    return ["-kernel", str(kernel), "-initrd", str(initrd), "-append", "console=ttyS0 quiet"]


def boot(command, log, timeout, started=None):
    """Runs a guest, either one, to its end; returns what it printed, which is also in log.

    started, if given, is called with the process once it runs.
    """
    with subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        watchdog = threading.Timer(timeout, process.kill)
        watchdog.start()
        if started:
            started(process)
        output = process.stdout.read().decode("utf-8", "replace")
        watchdog.cancel()
    pathlib.Path(log).write_text(output, encoding="utf-8")
    if process.returncode != 0:
        raise PeerError(f"the guest did not end by itself; see {log}")
    return output
