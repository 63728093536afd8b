"""Every way to start the image, and machines of all sizes."""
import itertools
import re

import pytest

from vm import BUILD, ISO, ROOT, nvme
from conftest import run_tool

PATHS = [pytest.param(*p, id="-".join(p),
                      marks=[pytest.mark.smoke] if p == ("bios", "cd", "q35") else [])
         for p in itertools.product(("bios", "efi"), ("cd", "usb", "nvme"), ("pc", "q35"))]


@pytest.mark.parametrize("firmware, medium, machine", PATHS)
def test_boot_path(boot, image, firmware, medium, machine):
    """Each firmware from each medium on each machine reaches a prompt and sees the disk."""
    vm = boot(firmware=firmware, boot=medium, machine=machine, devices=nvme(image()))
    output = vm.cmd("list")
    assert "S1" in output
    if medium == "nvme":  # the firmware has left this controller running
        assert "BOOT" in output


def running_cpus(vm):
    """The lines of the CPUs that were started."""
    return re.findall(r"^ *\d+ +\d+ +(?:online|busy) .*$", vm.cmd("cpus"), re.MULTILINE)


@pytest.mark.parametrize("cpus", [1, 2, 4, pytest.param(8, marks=pytest.mark.smoke)])
def test_cpu_counts(boot, image, cpus):
    """All CPUs are started, each with a queue pair of its own."""
    vm = boot(cpus=cpus, devices=nvme(image()))
    lines = running_cpus(vm)
    assert len(lines) == cpus
    assert all("nvme0" in line for line in lines)


@pytest.mark.parametrize("memory_mib, machine, firmware", [
    pytest.param(64, "q35", "bios", marks=pytest.mark.smoke), (64, "pc", "bios"),
    (5120, "q35", "bios"), (5120, "pc", "bios"), (5120, "q35", "efi")])
def test_memory_sizes(boot, image, memory_mib, machine, firmware):
    """From 64 MiB to memory, and BARs, above 4 GiB."""
    options = "cmb_size_mb=64" if memory_mib > 4096 else ""
    vm = boot(memory_mib=memory_mib, machine=machine, firmware=firmware,
              devices=nvme(image(), options=options))
    assert "S1" in vm.cmd("list")
    assert vm.crc("nvme0n1 0 8")
    if firmware == "efi":
        bars = vm.cmd("lspci")
        assert "NVM" in bars or "Non-Volatile" in bars


def test_no_disk(boot):
    """Without any NVMe controller the shell comes up and says so."""
    vm = boot()
    assert "No NVMe" in vm.boot_text + vm.cmd("list")
    assert "help" in vm.cmd("help")


def test_no_serial_port(boot, image):
    """A machine without a UART still boots and obeys."""
    vm = boot(serial=False, prompt=False, devices=nvme(image()), run="list; poweroff")
    vm.process.wait(30)


def test_run_from_the_host(boot, image):
    """Commands from fw_cfg run in order, each echoed after the prompt as if typed."""
    vm = boot(prompt=False, devices=nvme(image()), run="list; uptime; poweroff")
    vm.wait_end(40)
    text = vm.serial_text()
    places = [text.index("carillon> " + c) for c in ("list", "uptime", "poweroff")]
    assert places == sorted(places)


def test_run_from_the_kernel_command_line(boot, image, tmp_path):
    """run="..." survives the quoting of the boot loader."""
    iso = tmp_path / "run.iso"
    run_tool(ROOT / "tools/mkiso.sh", "-c", 'run="list; crc32 nvme0n1 0 1; poweroff"',
             ISO.with_suffix(".elf"), iso)
    vm = boot(iso=iso, prompt=False, devices=nvme(image()))
    vm.wait_end(40)
    text = vm.serial_text()
    assert "carillon> crc32 nvme0n1 0 1\nb2aa7578 " in text
    assert "carillon> poweroff" in text


@pytest.mark.parametrize("words", ["nosmp poll", "nosmp", "poll"])
def test_safe_mode(boot, image, tmp_path, words):
    """The words of the safe boot entry: one CPU, disks without interrupts."""
    iso = tmp_path / "safe.iso"
    run_tool(ROOT / "tools/mkiso.sh", "-c", words, ISO.with_suffix(".elf"), iso)
    vm = boot(iso=iso, cpus=4, devices=nvme(image()))
    assert len(running_cpus(vm)) == (1 if "nosmp" in words else 4)
    assert vm.crc("nvme0n1 0 1") == "b2aa7578"


@pytest.mark.parametrize("kind, cause, function", [
    ("null", "page fault", "crash_null"), ("text", "page fault", "crash_text"),
    ("data", "page fault", "crash_data"), ("div", "divide error", "crash_div"),
    ("assert", "assert", "crash_assert"), ("ap-null", "page fault", "crash_null")])
def test_crash(boot, tmp_path, kind, cause, function):
    """An exception prints its cause, the registers and a back-trace with names, on any CPU."""
    iso = tmp_path / "crash.iso"
    run_tool(ROOT / "tools/mkiso.sh", "-c", "crash=" + kind, ISO.with_suffix(".elf"), iso)
    vm = boot(iso=iso, prompt=False)
    text = vm.expect("The machine is halted", 30)
    assert "Carillon has stopped" in text and cause in text
    assert "back-trace:" in text
    if kind != "data":  # executing data has no name
        assert function in text


@pytest.mark.smoke
def test_poweroff(vm):
    """poweroff tells the controllers first: the shutdown handshake is seen, then QEMU ends."""
    vm.send("poweroff\r")
    vm.wait_end()
    assert "pci_nvme_mmio_shutdown_set" in vm.trace()
    assert "nvme0: shut down" in vm.serial_text()


def test_reboot(vm):
    """reboot resets the machine after the same handshake (-no-reboot makes QEMU end then)."""
    vm.send("reboot\r")
    vm.wait_end()
    assert "pci_nvme_mmio_shutdown_set" in vm.trace()


def test_machine_without_legacy_devices(boot, image):
    """No PIT, no HPET, no keyboard controller: nothing is waited for in vain."""
    vm = boot(machine="q35,pit=off,hpet=off,i8042=off", devices=nvme(image()))
    assert "S1" in vm.cmd("list")


def test_image_sizes():
    """What the project promises: kernel under 576 KiB, ISO under 2.5 MiB."""
    stripped = BUILD / "size-check.elf"
    run_tool("objcopy", "--strip-debug", ISO.with_suffix(".elf"), stripped)
    for_tests = ISO.parent.name in ("ubsan", "dmacheck")
    assert stripped.stat().st_size < 576 << 10 or for_tests
    assert ISO.stat().st_size < 5 << 19 or for_tests


def test_image_is_reproducible(tmp_path):
    """The same kernel gives the same image, made again at another time in another folder."""
    again = tmp_path / "again.iso"
    run_tool(ROOT / "tools/mkiso.sh", ISO.with_suffix(".elf"), again)
    assert again.read_bytes() == ISO.read_bytes()
