"""Commands that are not answered in time: late, overtaken, hung, throttled, frozen, lost with the
storage. Time-outs are 2 s here, and nothing depends on how fast the rest is."""
import json
import re

import pytest

from faults import BENCH, CSTS, FILE, Nbd, Ring

EVENTS = ["pci_nvme_admin_cmd", "pci_nvme_io_cmd", "pci_nvme_enqueue_req_completion",
          "pci_nvme_create_cq"]
ABORT_WORDS = "was not answered within 2000 ms: asking for its Abort"


@pytest.fixture(name="module_rig", scope="module")
def fixture_module_rig(new_rig):
    """One guest for all these tests; none of them may make the controller complain."""
    with new_rig(events=EVENTS) as rig:
        yield rig


@pytest.fixture(name="rig")
def fixture_rig(module_rig):
    """The guest with its first drive armed; after the test both drives work."""
    module_rig.vm.cmd("arm nvme0n1 BAD1")
    module_rig.resets = module_rig.vm.serial_text().count("nvme0: reset number")
    yield module_rig
    module_rig.check()
    assert module_rig.bad.register(module_rig.vm, CSTS) == 1  # RDY, and nothing else


def resets(rig):
    """How often the drive was reset since the test began."""
    return rig.vm.serial_text().count("nvme0: reset number") - rig.resets


def aborts(rig):
    """How many Abort commands the drives were sent."""
    return sum("opc 0x8 " in line for line in rig.vm.trace_lines("pci_nvme_admin_cmd"))


@pytest.mark.parametrize("line, event", [
    ("crc32 nvme0n1 0 8", "read_aio"), ("crc32 " + FILE, "read_aio"),
    ("write nvme0n1 60000 8 --pattern=0x5a", "write_aio"), ("flush nvme0n1", "flush_to_disk")])
def test_late_by_less_than_the_time_out(rig, line, event):
    """Nothing is said of it, and nothing is sent."""
    before = aborts(rig)
    rig.vm.cmd("write nvme0n1 60000 8 --pattern=0x5a")  # so that there is something to flush
    rig.bad.hang(rig.vm, "A", event)
    rig.start(line, 1)
    rig.bad.release(rig.vm, "A")
    output = rig.vm.wait_prompt()
    assert "failed" not in output and "answered" not in output, output
    assert aborts(rig) == before and resets(rig) == 0


@pytest.mark.parametrize("line", ["crc32 nvme0n1p1:/BIG.BIN", "nvme read nvme0n1 -s 0 -c 7",
                                  "nvme compare nvme0n1 -s 60000 -c 7 --pattern=0x5a"])
def test_answered_after_the_abort(rig, line):
    """QEMU never aborts; the command is completed after all, and its result is right."""
    before = aborts(rig)
    rig.vm.cmd("write nvme0n1 60000 8 --pattern=0x5a")
    rig.bad.hang(rig.vm, "A")
    rig.vm.send(line + "\r")
    rig.vm.expect(r"(Read|Compare) \(queue 1, command \w+h\) " + ABORT_WORDS)
    rig.bad.release(rig.vm, "A")
    output = rig.vm.wait_prompt()
    assert "failed" not in output and "refused" not in output, output
    assert aborts(rig) == before + 1 and resets(rig) == 0


def test_others_overtake_a_hung_read(rig):
    """One read of a benchmark hangs for a second: the others are completed before it."""
    rig.bad.hang(rig.vm, "A")
    rig.vm.send(BENCH + "\r")
    rig.bad.wait_hung(rig.vm)
    started = len(rig.vm.trace_lines("pci_nvme_enqueue_req_completion"))
    rig.vm.watch(1)
    overtook = len(rig.vm.trace_lines("pci_nvme_enqueue_req_completion")) - started
    rig.bad.release(rig.vm, "A")
    output = rig.vm.wait_prompt()
    assert overtook > 100
    assert "err= 0" in output and resets(rig) == 0, output


def test_hung_under_a_benchmark(rig):
    """An Abort is asked for; the answer comes late and the job goes on."""
    rig.bad.hang(rig.vm, "A")
    rig.vm.send(BENCH.replace("runtime=4", "runtime=6") + "\r")
    rig.vm.expect(r"Read \(queue 2, command \w+h\) " + ABORT_WORDS)
    rig.bad.release(rig.vm, "A")
    output = rig.vm.wait_prompt()
    assert "err= 0" in output and resets(rig) == 0, output


def test_completions_that_nobody_waits_for(rig):
    """Completions of a command that is done, and of some that were never sent, end nothing: the
    first is named, all are counted, and the true one is waited for. QEMU's own comes to a place
    that the driver has passed, so this takes a reset."""
    vm = rig.vm
    vm.cmd("crc32 nvme0n1 0 8")
    ring = Ring(vm, rig.bad, 1)
    last = int(vm.trace_lines("pci_nvme_io_cmd")[-1].split()[1])
    rig.bad.hang(vm, "A")
    vm.send("nvme read nvme0n1 -s 60000\r")
    rig.bad.wait_hung(vm)
    ring.forge(last)
    vm.expect(f"nvme0: controller fault: queue 1 completed command {last:x}h")
    for cid in (0x3fff, 0xffff, 0x8001):
        ring.forge(cid)
    vm.watch(0.3)
    rig.bad.release(vm, "A")
    output = vm.wait_prompt()
    assert ABORT_WORDS in output and "read: nvme0: Read at LBA 60000 failed" in output, output
    assert "controller fault" not in output and resets(rig) == 1
    stats = json.loads(vm.cmd("nvme stats nvme0 -o json"))
    assert stats["queues"][0]["bad_completions"] == 4, stats


def test_admin_completion_that_nobody_waits_for(rig):
    """The same on the admin queue, where the shell looks for events all the time."""
    Ring(rig.vm, rig.bad, 0).forge(0x7e)
    rig.vm.expect("nvme0: controller fault: admin command")
    rig.vm.watch(0.3)
    rig.vm.send("nvme id-ctrl nvme0\r")
    rig.vm.expect("was not answered within 3000 ms|BAD1")
    rig.vm.wait_prompt()
    assert "BAD1" in rig.vm.cmd("nvme id-ctrl nvme0")


@pytest.mark.parametrize("wait", ["poll", "irq"])
def test_throttled_to_a_standstill(rig, wait):
    """A drive that answers once a second: Abort, reset, and then all is well again."""
    vm = rig.vm
    rig.bad.throttle(vm, 1)
    vm.send(f"{BENCH} --wait={wait}\r")
    vm.expect(r"nvme0: Read \(queue 2, command \w+h\) " + ABORT_WORDS)
    vm.expect("nvme0: reset number")
    rig.bad.throttle(vm, 0)
    output = vm.wait_prompt()
    assert "no answer within the deadline" in output or "ended by a reset" in output, output
    assert resets(rig) == 1


def test_throttled_file_read(rig):
    """Four requests a second are slow and no fault."""
    output = rig.slow_file_read(lambda: rig.vm.watch(2))
    assert "answered" not in output and "failed" not in output, output
    assert resets(rig) == 0


def test_frozen_and_lost_storage(new_rig, tmp_path):
    """qemu-nbd is stopped: a short while is a long read; longer, and the drive is reset, which
    QEMU finishes once its storage goes on. Killed, every command is an error and the other drive
    works."""
    with Nbd(tmp_path) as server, new_rig(
            bad_file=server, events=EVENTS,
            expect_trace=["pci_nvme_err_aio", "pci_nvme_err_req_status",
                          "pci_nvme_ub_db_wr_invalid_cq"]) as rig:
        vm = rig.vm
        vm.cmd("arm nvme0n1 BAD1")
        server.freeze()
        rig.start("crc32 nvme0n1 0 8", 1)
        server.thaw()
        output = vm.wait_prompt()
        assert "answered" not in output and "failed" not in output, output
        for line in (BENCH, "crc32 " + FILE):
            server.freeze()
            vm.send(line + "\r")
            vm.expect(ABORT_WORDS)
            vm.watch(4)  # the reset: QEMU waits for its storage
            server.thaw()
            output = vm.wait_prompt()
            assert "nvme0: reset number" in vm.serial_text()
            assert "no answer within the deadline" in output or re.search("[0-9a-f]{8}  ", output)
            rig.check()
        server.kill()
        assert "Unrecovered Read Error (sct 2, sc 81h)" in vm.cmd("nvme read nvme0n1 -s 9")
        vm.cmd("arm nvme0n1 BAD1")
        assert "Write Fault (sct 2, sc 80h)" in vm.cmd("nvme write nvme0n1 -s 9 --pattern=0x00")
        assert "Unrecovered Read Error" in vm.cmd(BENCH)
        assert re.search("^[0-9a-f]{8}  ", vm.cmd("crc32 nvme1n1"), re.MULTILINE)
        vm.send("poweroff\r")
        vm.wait_end()
