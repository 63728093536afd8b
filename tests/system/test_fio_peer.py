"""The same job file, run by Linux with fio and by the guest on an image each: as many I/Os and
bytes of each direction, the same blocks touched as often, and what one wrote with verify the other
verifies.

Which blocks were touched, and in which sizes, is read in the trace of QEMU's controller.
"""
import collections
import json
import re
import shutil
import subprocess
import sys

import pytest

from vm import BUILD, ROOT, accelerator, nvme

sys.path.insert(0, str(ROOT / "tests"))

import peer  # noqa: E402  pylint: disable=wrong-import-position

MIB = 1 << 20
IMAGE_MIB = 64
PROGRAMS = ("fio", "busybox", "cpio", "apt-get", "dpkg-deb")

# Each job has a region of its own, so that the trace tells whose an I/O was; none is where kernels
# look for partitions.
JOBS = """
[global]
filename=/dev/nvme0n1
ioengine=libaio         ; for Linux; noted and ignored by the guest
direct=1
iodepth=16
bs=4k
size=2m
verify_state_save=0
[once]
rw=randread
offset=16m
[passes]
stonewall
rw=randread
loops=3
offset=18m
[anywhere]
stonewall
rw=randread
norandommap
offset=20m
[mix]
stonewall
rw=randrw
rwmixread=70
bs=1k
size=16m
offset=22m
[holes]
stonewall
rw=write:4k
offset=38m
io_size=1m
[sizes]
stonewall
rw=randwrite
norandommap
bssplit=4k/60:8k/40
io_size=16m
offset=40m
[trims]
stonewall
rw=randtrim
offset=42m
[checked]
stonewall
rw=randwrite
verify=crc32c
offset=44m
""".lstrip()
REGIONS = {"once": (16, 2), "passes": (18, 2), "anywhere": (20, 2), "mix": (22, 16),
           "holes": (38, 2), "sizes": (40, 2), "trims": (42, 2), "checked": (44, 2)}
EVENTS = ("pci_nvme_read", "pci_nvme_write", "pci_nvme_dsm_deallocate")
TRACED = re.compile(r"pci_nvme_(?:read|write) .*?nlb (\d+) .*?lba 0x([0-9a-f]+)"
                    r"|pci_nvme_dsm_deallocate .*?slba (\d+) nlb (\d+)")


def figures(text):
    """Of the JSON in a console's text: {job: {direction: (I/Os, bytes)}}."""
    document = json.loads(text[text.index("{"):text.rindex("}") + 1])
    return {job["jobname"]: {d: (job[d]["total_ios"], job[d]["io_bytes"])
                             for d in ("read", "write", "trim")}
            for job in document["jobs"]}


def touched(trace):
    """Of a trace: {job: {event: Counter of (block of the region, blocks)}}, of 512 bytes each."""
    found = {name: collections.defaultdict(collections.Counter) for name in REGIONS}
    for line in trace.splitlines():
        match = TRACED.search(line)
        if not match:
            continue
        nlb, lba = ((int(match[1]), int(match[2], 16)) if match[1]
                    else (int(match[4]), int(match[3])))
        event = next(e for e in EVENTS if e + " " in line)
        for name, (first, size) in REGIONS.items():
            at = lba * 512 - first * MIB
            if 0 <= at < size * MIB:
                found[name][event][at // 512, nlb] += 1
    return found


def run_linux(work, image):
    """Runs the job file in the peer; returns what fio and the trace say."""
    built = BUILD / "peer"
    built.mkdir(parents=True, exist_ok=True)
    try:
        kernel = peer.fetch_kernel(built)
    except peer.PeerError as error:
        pytest.skip(f"Debian's kernel cannot be had: {error}")
    initrd = peer.make_initrd(built, "cd /tmp; fio /x.fio --output-format=json",
                              {"/x.fio": JOBS.encode()})
    trace = work / "linux.trace"
    command = ["qemu-system-x86_64", "-machine", "q35", *accelerator(), "-m", "512",
               "-display", "none", "-nodefaults", "-no-user-config", "-no-reboot",
               "-serial", "stdio", "-trace", f"events={work}/events,file={trace}",
               *nvme(image), *peer.boot_options(kernel, initrd)]
    output = peer.boot(command, work / "linux.log", 240)
    return figures(output), touched(trace.read_text())


@pytest.fixture(name="both")
def fixture_both(boot, image, fat_disk, tmp_path):
    """(figures, blocks) of Linux and of the guest, the guest, and the two images."""
    images = [image(IMAGE_MIB, "linux.img"), image(IMAGE_MIB, "carillon.img")]
    (tmp_path / "events").write_text("\n".join(EVENTS) + "\n")
    linux = run_linux(tmp_path, images[0])
    extra = ["-trace", f"events={tmp_path}/events,file={tmp_path}/vm0/trace.log"]
    vm = boot(extra=extra, devices=nvme(images[1], "OWN") + nvme(images[0], "PEER")
              + nvme(fat_disk({"/x.fio": JOBS.encode()}), "FAT"))
    vm.cmd("arm nvme0n1 OWN")
    output = vm.cmd("bench nvme2n1p1:/x.fio --output-format=json --eta=never", 240)
    assert "note: ioengine=libaio, direct=1" in output
    return linux, (figures(output), touched(vm.trace_log.read_text())), vm, images


def near(a, b):
    """Within 1 %."""
    return abs(a - b) <= max(a, b) / 100


@pytest.mark.skipif(any(shutil.which(p) is None for p in PROGRAMS), reason="needs " + str(PROGRAMS))
def test_the_same_job_file(both):
    """One test: the two boots are what takes time."""
    (theirs, their_blocks), (ours, our_blocks), vm, images = both
    compare_figures(theirs, ours)
    for blocks in (their_blocks, our_blocks):
        check_blocks(blocks)
    # What Linux wrote is verified here, and what was written here by fio.
    output = vm.cmd("bench filename=nvme1n1 rw=read bs=4k offset=44m size=2m verify=crc32c", 60)
    assert "total=512,0,0,0" in output and "err= 0" in output, output
    vm.send("poweroff\r")
    vm.wait_end()
    done = subprocess.run(["fio", "--name=x", f"--filename={images[1]}", "--ioengine=sync",
                           "--rw=read", "--bs=4k", "--offset=44m", "--size=2m",
                           "--verify=crc32c", "--verify_state_save=0"], check=False,
                          cwd=images[1].parent, capture_output=True, text=True)
    assert done.returncode == 0 and "verify" not in done.stdout + done.stderr, done.stdout


def compare_figures(theirs, ours):
    """What fio's JSON and ours say of the same jobs."""
    assert list(theirs) == list(ours) == list(REGIONS)
    for name in ("once", "passes", "anywhere", "holes", "trims", "checked"):
        assert theirs[name] == ours[name], name
    for side in (theirs, ours):
        reads, writes = side["mix"]["read"][0], side["mix"]["write"][0]
        assert reads + writes == 16384
        assert abs(reads / 16384 - 0.7) < 0.01
        assert near(side["sizes"]["write"][1], 16 * MIB)
    assert near(theirs["mix"]["read"][0], ours["mix"]["read"][0])
    assert near(theirs["sizes"]["write"][0], ours["sizes"]["write"][0])


def check_blocks(blocks):
    """What either did to its disk."""
    every = {(n * 8, 8): 1 for n in range(512)}
    assert blocks["once"]["pci_nvme_read"] == every
    assert blocks["passes"]["pci_nvme_read"] == {key: 3 for key in every}
    anywhere = blocks["anywhere"]["pci_nvme_read"]
    assert sum(anywhere.values()) == 512 and 290 < len(anywhere) < 360  # 512 * (1 - 1 / e) = 324
    mix = blocks["mix"]
    assert mix["pci_nvme_read"] + mix["pci_nvme_write"] == {(n * 2, 2): 1 for n in range(16384)}
    assert blocks["holes"]["pci_nvme_write"] == {(n * 8, 8): 1 for n in range(0, 512, 2)}
    sizes = collections.Counter()
    for (_, count), times in blocks["sizes"]["pci_nvme_write"].items():
        sizes[count] += times
    assert set(sizes) == {8, 16}
    assert abs(sizes[8] / (sizes[8] + sizes[16]) - 0.6) < 0.02
    assert blocks["trims"]["pci_nvme_dsm_deallocate"] == every
    for event in ("pci_nvme_write", "pci_nvme_read"):
        assert blocks["checked"][event] == every
