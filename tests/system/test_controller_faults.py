"""Controllers that fail as a whole: fatal status, reset behind the driver's back, registers that
answer no more, interrupts that are lost, come without reason, or are nobody's."""
import re

import pytest

from faults import BENCH, CC, CSTS, FILE, PCI_COMMAND
from test_nvme_features import set_features

CFS, RDY = 2, 1
COMMAND_ALL, COMMAND_NO_MASTER, COMMAND_NO_MEMORY = 0x406, 0x402, 0x404


def pci_command(rig, value=None):
    """The command register of the first drive."""
    if value is not None:
        rig.vm.qtest.config_store(0, 5, PCI_COMMAND, value, 2)
    return rig.vm.qtest.config_load(0, 5, PCI_COMMAND, 2)


def is_healthy(rig):
    """What a probe from outside sees of a controller in service, without a qtest channel."""
    enabled = rig.bad.register(rig.vm, CC) & 1
    return enabled == 1 and rig.bad.register(rig.vm, CSTS) == RDY


@pytest.fixture(name="fatal_rig", scope="module")
def fixture_fatal_rig(new_rig):
    """A guest whose controller reports a fatal status, and why QEMU did."""
    with new_rig(expect_trace=["pci_nvme_err_addr_read", "pci_nvme_err_cfs",
                               "pci_nvme_err_addr_write"]) as rig:
        yield rig


def no_bus_master(rig):
    """The next command that is fetched makes CSTS.CFS 1."""
    pci_command(rig, COMMAND_NO_MASTER)


def check_recovered(rig, output, why):
    """It was named, reset once, is as it was; and the other drive, too."""
    assert re.search(rf"error: nvme0: failed: {why}", output), output
    assert output.count("nvme0: reset number") == 1, output
    assert is_healthy(rig)
    assert pci_command(rig) & 6 == 6
    rig.check()


def test_fatal_status_of_an_idle_controller(fatal_rig):
    """Found by the next command; the probe from outside sees it come and go."""
    rig = fatal_rig
    assert is_healthy(rig)
    no_bus_master(rig)
    assert is_healthy(rig)
    output = rig.vm.cmd("crc32 nvme0n1 0 8")
    check_recovered(rig, output, r"it reports a fatal status \(CSTS.CFS\)")


def test_fatal_status_under_a_benchmark(fatal_rig):
    """The job ends and says why; the drive is in service again."""
    rig = fatal_rig
    rig.start(BENCH)
    no_bus_master(rig)
    output = rig.vm.wait_prompt()
    assert "err=125 (ended by a reset before it was done)" in output
    check_recovered(rig, output, r"it reports a fatal status \(CSTS.CFS\)")


def test_fatal_status_under_a_file_read(fatal_rig):
    """The file is read after all, or an error is told; never anything else."""
    output = fatal_rig.slow_file_read(lambda: no_bus_master(fatal_rig))
    check_recovered(fatal_rig, output, r"it reports a fatal status \(CSTS.CFS\)")


def test_fatal_status_of_the_other_drive(fatal_rig):
    """A benchmark on one drive is not disturbed by the end of the other."""
    rig = fatal_rig
    rig.start(BENCH.replace("nvme0n1", "nvme1n1"))
    no_bus_master(rig)
    assert "err= 0" in rig.vm.wait_prompt()
    output = rig.vm.cmd("crc32 nvme0n1 0 8")
    check_recovered(rig, output, r"it reports a fatal status \(CSTS.CFS\)")


@pytest.fixture(name="reset_rig", scope="module")
def fixture_reset_rig(new_rig):
    """A guest whose controller is reset by somebody else: doorbells then name queues that are gone.
    """
    with new_rig(expect_trace=["pci_nvme_ub_db_wr_invalid_sq", "pci_nvme_ub_db_wr_invalid_cq"]
                 ) as rig:
        yield rig


def disable(rig):
    """CC.EN = 0, behind the driver's back."""
    rig.vm.qtest.store(rig.bad.bar(rig.vm) + CC, 0x460060)


def no_memory(rig):
    """The registers answer no more: QEMU gives zeros for them."""
    pci_command(rig, COMMAND_NO_MEMORY)


FAULTS = [pytest.param(disable, r"it is not ready any more \(CSTS.RDY = 0\)", id="reset"),
          pytest.param(no_memory, "its registers do not answer", id="registers")]


@pytest.mark.parametrize("fault, why", FAULTS)
def test_gone_behind_an_idle_driver(reset_rig, fault, why):
    """Found by the next command, of either kind."""
    for line in ("crc32 nvme0n1 0 8", "nvme id-ctrl nvme0"):
        fault(reset_rig)
        check_recovered(reset_rig, reset_rig.vm.cmd(line), why)
        assert "BAD1" in reset_rig.vm.cmd("nvme id-ctrl nvme0")


@pytest.mark.parametrize("fault, why", FAULTS)
def test_gone_under_a_benchmark(reset_rig, fault, why):
    """What was outstanding ends once, as not done."""
    reset_rig.start(BENCH)
    fault(reset_rig)
    output = reset_rig.vm.wait_prompt()
    assert "err=125 (ended by a reset before it was done)" in output, output
    assert "16 commands ended without an answer, 0 of them timed out" in output
    check_recovered(reset_rig, output, why)


@pytest.mark.parametrize("fault, why", FAULTS)
def test_gone_under_a_file_read(reset_rig, fault, why):
    """The file is read after all, or an error is told."""
    output = reset_rig.slow_file_read(lambda: fault(reset_rig))
    check_recovered(reset_rig, output, why)


def test_what_was_set_is_set_again(reset_rig):
    """The number of queues and the events that are wanted, after each reset."""
    vm = reset_rig.vm
    wanted = set(set_features(vm)[:2])
    before = len(set_features(vm))
    disable(reset_rig)
    vm.cmd("crc32 nvme0n1 0 8")
    assert {fid for fid, _ in wanted} == {7, 11}
    assert wanted <= set(set_features(vm)[before:])


@pytest.fixture(name="irq_rig", scope="module")
def fixture_irq_rig(new_rig):
    """A guest for interrupts; nothing here may make the controller complain."""
    with new_rig() as rig:
        yield rig


IRQ_BENCH = BENCH + " --wait=irq"


def test_lost_interrupts(irq_rig):
    """Completions are found all the same, each within 10 ms; it is said once, and counted."""
    vm = irq_rig.vm
    irq_rig.start(IRQ_BENCH, 0.5)
    for vector in range(3):
        irq_rig.bad.mask_vector(vm, vector)
    output = vm.wait_prompt()
    assert "3 completions came without an interrupt" in output, output
    assert "err= 0" in output and "reset number" not in output
    missed = re.search(r"missed interrupts=(\d+)", output)
    assert missed and int(missed[1]) > 3
    irq_rig.check()
    output = vm.cmd(IRQ_BENCH)  # which unmasks its own vector
    assert "err= 0" in output and "without an interrupt" not in output
    irq_rig.check()


@pytest.mark.parametrize("line", [IRQ_BENCH, BENCH, "crc32 " + FILE])
def test_interrupts_without_reason(irq_rig, line):
    """Storms on every vector while it runs and at the prompt: nothing happens, nothing is said."""
    vm = irq_rig.vm

    def storm():
        for vector in range(3):
            irq_rig.bad.raise_vector(vm, vector, 100)
    storm()
    if line in (BENCH, IRQ_BENCH):
        irq_rig.start(line)
        storm()
        output = vm.wait_prompt()
        assert "err= 0" in output
    else:
        output = irq_rig.slow_file_read(storm)
    assert "nvme0:" not in output.partition("Disk stats")[0], output
    storm()
    irq_rig.check()


def test_interrupts_of_nobody(irq_rig):
    """Vectors that no driver has asked for, to both CPUs."""
    vm = irq_rig.vm
    irq_rig.start(IRQ_BENCH)
    for cpu in range(2):
        for vector in (0x31, 0x60, 0x90, 0xa0, 0xef):
            vm.qtest.store(0xfee00000 | cpu << 12, vector)
    assert "err= 0" in vm.wait_prompt()
    irq_rig.check()
