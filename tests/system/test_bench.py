"""bench: fio's options and the shape of fio's output. No figure of speed is asserted here."""
import re

import pytest

from vm import nvme

DIRECTION = (r"  %s: IOPS=[\d.]+k?, BW=[\d.]+[KMG]?i?B/s \([\d.]+[kMG]?B/s\)"
             r"\([\d.]+[KMG]?i?B/\d+msec\)")


def bench(vm, options, timeout=60):
    """Runs a bench on the first disk."""
    return vm.cmd(f"bench --filename=nvme0n1 {options}", timeout)


@pytest.mark.smoke
@pytest.mark.parametrize("wait", ["poll", "irq"])
def test_report(vm, wait):
    """The lines of fio's normal output."""
    output = bench(vm, f"--rw=randread --iodepth=4 --runtime=1 --time_based --wait={wait}")
    assert re.search(DIRECTION % "read", output), output
    for line in ("clat percentiles", "lat (", "cpu ", "IO depths", "issued rwts",
                 "Run status group 0"):
        assert line in output, output
    issued = re.search(r"issued rwts: total=(\d+),0,0,0", output)
    assert issued and int(issued[1]) > 0


def test_options_without_dashes(vm):
    """opt=value is --opt=value."""
    assert "IOPS=" in vm.cmd("bench filename=nvme0n1 rw=read bs=64k size=4m iodepth=2", 60)


@pytest.mark.parametrize("block", [512, 4096])
def test_reads_size_once(boot, image, block):
    """Without a runtime the region is read exactly once."""
    vm = boot(devices=nvme(image(), block_bytes=block))
    for mode in ("read", "randread"):
        output = bench(vm, f"--rw={mode} --bs=8k --size=4m --iodepth=8")
        assert "total=512,0,0,0" in output, output


def test_writes_only_its_region(boot, image):
    """offset and size bound what is written; the rest of the image stays zero."""
    disk = image(16)
    vm = boot(devices=nvme(disk))
    vm.cmd("arm nvme0n1 S1")
    output = bench(vm, "--rw=write --bs=4k --offset=4m --size=2m --iodepth=16")
    assert "total=0,512,0,0" in output, output
    vm.send("poweroff\r")
    vm.wait_end()
    data = disk.read_bytes()
    written = data[4 << 20:6 << 20]
    assert not any(data[:4 << 20]) and not any(data[6 << 20:])
    assert all(any(written[at:at + 4096]) for at in range(0, len(written), 4096))


def test_mixed(boot, image):
    """randrw reports both directions, near the asked mix."""
    vm = boot(devices=nvme(image()))
    vm.cmd("arm nvme0n1 S1")
    output = bench(vm, "--rw=randrw --rwmixread=70 --size=16m --iodepth=4")
    reads, writes = map(int, re.search(r"total=(\d+),(\d+),0,0", output).groups())
    assert reads + writes == 4096
    assert 0.6 < reads / (reads + writes) < 0.8


def test_jobs_on_several_cpus(boot, image):
    """numjobs puts each job on its own CPU; group_reporting adds them up."""
    vm = boot(cpus=4, devices=nvme(image()))
    output = bench(vm, "--rw=randread --numjobs=4 --runtime=1 --time_based --group_reporting")
    assert output.count("  read: IOPS=") == 1
    assert "jobs=4" in output
    output = bench(vm, "--rw=randread --numjobs=2 --size=1m")
    assert output.count("  read: IOPS=") == 2
    assert bench(vm, "--rw=read --numjobs=9999").startswith("bench:")


@pytest.mark.smoke
def test_full_depth(vm):
    """The deepest queue, and one more is refused with the limit."""
    output = bench(vm, "--rw=randread --iodepth=128 --runtime=1 --time_based")
    assert "IOPS=" in output
    assert re.search(r"\d", bench(vm, "--rw=randread --iodepth=1000000"))


def test_doorbells_at_depth_128(boot):
    """At most a tenth of a doorbell for each I/O, and the report counts as the controller does."""
    vm = boot(devices=["-blockdev", "driver=null-co,node-name=d0,size=1073741824,read-zeroes=on",
                       "-device", "nvme,serial=S1,drive=d0"])
    vm.qmp("trace-event-set-state", name="pci_nvme_mmio_doorbell_*", enable=True)
    output = bench(vm, "--rw=randread --iodepth=128 --number_ios=50000 --health=0")
    vm.qmp("trace-event-set-state", name="pci_nvme_mmio_doorbell_*", enable=False)
    assert "total=50000,0,0,0" in output, output
    rung = {queue: vm.trace().count(f"pci_nvme_mmio_doorbell_{queue}") for queue in ("sq", "cq")}
    assert 0 < rung["cq"] < rung["sq"]
    assert rung["sq"] + rung["cq"] <= 50000 / 10
    told = re.search(r"doorbells per command: sq=([\d.]+), cq=([\d.]+)", output)
    for queue, figure in zip(("sq", "cq"), told.groups()):
        assert abs(float(figure) - rung[queue] / 50000) < 0.002


@pytest.mark.parametrize("command", ["sweep nvme0n1 rw=randread runtime=1 iodepth=1,2,4,8,16,32",
                                     "quick nvme0n1"])
def test_ctrl_c_tells_what_was_measured(vm, command):
    """The rows until then, and of a sweep the CSV, and the shell goes on."""
    vm.send(f"bench {command}\r")
    first = vm.expect(r"4096B +1 +1 .*\n|SEQ1M .*\n", 60)
    vm.send("\x03")
    output = first + vm.wait_prompt(30)
    assert f"bench {command.split()[0]}: stopped by Ctrl-C" in output
    if command.startswith("sweep"):
        assert "BEGIN FIO LOG sweep.csv" in output and "\nrandread,4096,1,1," in output
        assert "\nrandread,4096,1,32," not in output
    assert "IOPS=" in bench(vm, "--rw=read --size=1m")
