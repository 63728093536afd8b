"""tests/system/conftest.py - fixtures: a guest with this test's disks, and images of disks."""
import itertools
import pathlib
import re
import shutil
import subprocess

import pytest

from faults import FILE_BYTES, Rig
from vm import BUILD, ISO, Vm, accelerator, nvme

LOGS = BUILD / "test-logs"


def pytest_configure(config):
    """Names the marker and finds the accelerator once, before the workers start."""
    config.addinivalue_line("markers", "smoke: short; also run on a kernel with UBSAN=1")
    if not ISO.exists():
        pytest.exit(f"{ISO} does not exist: run `make iso` first", returncode=2)
    accelerator()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Keeps logs of a failed test."""
    outcome = yield
    report = outcome.get_result()
    works = [item.funcargs.get("tmp_path")]
    works += [value.work for value in item.funcargs.values() if isinstance(value, Rig)]
    if report.failed and any(works):
        keep = LOGS / re.sub(r"[^\w\[\]=.-]", "_", item.name)[:100]
        keep.mkdir(parents=True, exist_ok=True)
        for work, name in itertools.product(filter(None, works),
                                            ("serial.log", "trace.log", "qemu.log")):
            for source in sorted(pathlib.Path(work).glob(f"**/{name}")):
                shutil.copy(source, keep / "-".join(source.relative_to(work).parts))


@pytest.fixture(name="image")
def fixture_image(tmp_path):
    """Makes sparse images: image(mib, name)."""
    def make(mib=64, name="disk.img"):
        path = tmp_path / name
        with open(path, "wb") as file:
            file.truncate(mib << 20)
        return path
    return make


@pytest.fixture(name="boot")
def fixture_boot(tmp_path):
    """Boots a guest and waits for its prompt; ends it and checks the trace after the test."""
    started = []

    def start(*, prompt=True, timeout=60, **options):
        machine = Vm(tmp_path / f"vm{len(started)}", **options)
        started.append(machine)
        machine.start()
        if prompt:
            machine.boot_text = machine.wait_prompt(timeout)
        return machine
    yield start
    for machine in started:
        machine.stop()
    for machine in started:
        machine.check_trace()


@pytest.fixture(name="fat_volume", scope="session")
def fixture_fat_volume(tmp_path_factory):
    """An image of 48 MiB with one FAT32 partition that has the file /BIG.BIN."""
    work = tmp_path_factory.mktemp("volume")
    path = work / "volume.img"
    with open(path, "wb") as file:
        file.truncate(48 << 20)
    run_tool("sgdisk", "--clear", "--new=1:2048:0", path)
    run_tool("mkfs.fat", "-F", "32", "-s", "1", "--offset=2048", path, str(45 << 10))
    fill_fat(f"{path}@@1M", {"/BIG.BIN": FILE_BYTES}, work)
    return path


@pytest.fixture(name="new_rig", scope="module")
def fixture_new_rig(tmp_path_factory, fat_volume):
    """Makes guests with a drive to break and one to leave alone: with new_rig(...) as rig."""
    return lambda **options: Rig(tmp_path_factory.mktemp("rig"), fat_volume, **options)


@pytest.fixture(name="vm")
def fixture_vm(boot, image):
    """The plain case: one 64 MiB disk, serial number S1, image file vm.disk."""
    disk = image()
    machine = boot(devices=nvme(disk))
    machine.disk = disk
    return machine


def run_tool(*args, **options):
    """Runs a program that must succeed and returns its output."""
    return subprocess.run([str(a) for a in args], check=True, capture_output=True, text=True,
                          **options).stdout


@pytest.fixture(name="fat_disk")
def fixture_fat_disk(image, tmp_path):
    """An image with a GPT and one FAT32 partition from files: fat_disk({"/dir/name": bytes})."""
    def make(files, mib=128, name="fat.img", sector=512, cluster_sectors=1):
        path = image(mib, name)
        first = (1 << 20) // sector
        if sector == 512:
            run_tool("sgdisk", "--clear", f"--new=1:{first}:0", "--change-name=1:DATA", path)
            volume = tmp_path / (name + ".fat")
            with open(volume, "wb") as file:
                file.truncate((mib - 2) << 20)
            offset = 1 << 20
        else:  # without a partition table: sgdisk takes the block size from the device
            volume, offset = path, 0
        run_tool("mkfs.fat", "-F", "32", "-S", sector, "-s", cluster_sectors, "-n", "TESTDATA",
                 volume)
        fill_fat(volume, files, tmp_path)
        if offset:
            run_tool("dd", f"if={volume}", f"of={path}", "bs=1M", "seek=1", "conv=notrunc,sparse",
                     "status=none")
        return path
    return make


def fill_fat(volume, files, work):
    """Copies files into a FAT volume with mtools, folders first."""
    environment = {"MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    folders = sorted({str(p) for name in files for p in pathlib.PurePosixPath(name).parents}
                     - {"/"})
    for folder in folders:
        run_tool("mmd", "-i", volume, "::" + folder, env=environment)
    for name, data in files.items():
        source = work / "mcopy-source"
        source.write_bytes(data)
        run_tool("mcopy", "-o", "-i", volume, source, "::" + name, env=environment)
