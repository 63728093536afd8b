"""Features of QEMU's controller: read as nvme-cli shows them, changed only when allowed, and what
the controller was sent seen in its trace. QEMU 7.2 has thirteen features, none of them saveable,
one power state, no transitions, no host memory buffer, no write protection, and no interrupt
coalescing that could be changed: those run on the model only."""
import json
import re

from vm import nvme


def set_features(vm):
    """(feature, CDW11) of each Set Features command so far, from the trace."""
    text = vm.trace_log.read_text(encoding="utf-8", errors="replace")
    found = re.findall(r"pci_nvme_setfeat cid \d+ nsid (\S+) fid (\S+) save \S+ cdw11 (\S+)", text)
    return [(int(fid, 16), int(cdw11, 16)) for _, fid, cdw11 in found]


def boot_one(boot, image, **options):
    """One disk, serial number S1."""
    return boot(devices=nvme(image()), **options)


def test_all_features_are_read(boot, image):
    """The list is what QEMU has, and its defaults are QEMU's. Those that Identify does not announce
    either way are asked for, and QEMU refuses them."""
    vm = boot_one(boot, image, expect_trace=["pci_nvme_err_req_status"])
    output = vm.cmd("nvme get-feature nvme0")
    for line in ("get-feature:0x02 (Power Management), Current value:0x00000000",
                 "get-feature:0x04 (Temperature Threshold), Current value:0x00000157",
                 "get-feature:0x05 (Error Recovery), namespace 0x1, Current value:0x00000000",
                 "get-feature:0x06 (Volatile Write Cache), Current value:0x00000001",
                 "get-feature:0x08 (Interrupt Coalescing), Current value:0x00000000",
                 "get-feature:0x0e (Timestamp), Current value:0x00000000"):
        assert line in output, line
    assert "0x0c" not in output
    report = json.loads(vm.cmd("nvme get-feature nvme0 -o json"))
    by_name = {f["name"]: f for f in report["features"]}
    assert by_name["Temperature Threshold"]["TMPTH"] == 343
    assert by_name["Volatile Write Cache"]["WCE"] == 1
    assert by_name["Number of Queues"]["NSQA"] >= 1
    assert "(WCE): Enabled" in vm.cmd("nvme get-feature nvme0 -f 6 -H")
    supported = vm.cmd("nvme get-feature nvme0 -f 4 -s supported")
    assert "Feature is changeable" in supported


def test_refused_what_qemu_lacks(boot, image):
    """Each refusal names the field, and nothing is sent."""
    vm = boot_one(boot, image)
    before = vm.trace().count("pci_nvme_getfeat")
    assert "APSTA bit 0 of Identify Controller is 0" in vm.cmd("nvme get-feature nvme0 -f 0x0c")
    assert "HMPRE of Identify Controller is 0" in vm.cmd("nvme hmb nvme0")
    assert "NWPC bit 0" in vm.cmd("nvme get-feature nvme0n1 -f 0x84")
    assert "HCTMA bit 0" in vm.cmd("nvme get-feature nvme0 -f 0x10")
    assert vm.trace().count("pci_nvme_getfeat") == before


def test_changes_need_an_armed_drive(boot, image):
    """Unarmed, QEMU sees no Set Features at all; armed, it sees exactly the one."""
    vm = boot_one(boot, image)
    before = set_features(vm)
    assert "is not armed, so nothing was done" in vm.cmd("nvme set-feature nvme0 -f 6 -v 0")
    assert "nothing was done" in vm.cmd("nvme set-feature nvme0 -f 6 -v 0 --serial=S2")
    assert "belongs to the driver" in vm.cmd("nvme set-feature nvme0 -f 7 -v 0 --serial=S1")
    assert set_features(vm) == before
    output = vm.cmd("nvme set-feature nvme0 -f 6 -v 0 --serial=S1")
    assert "now : 0x00000001  Volatile Write Cache Enable: Enabled" in output
    assert "set-feature:0x06 (Volatile Write Cache), value:0x00000000" in output
    assert set_features(vm) == before + [(6, 0)]
    assert "Current value:0x00000000" in vm.cmd("nvme get-feature nvme0 -f 6")
    assert "is not armed" in vm.cmd("nvme set-feature nvme0 -f 6 -v 1")  # for that command only


def test_temperature_threshold(boot, image):
    """A threshold above QEMU's 50 degrees does nothing, one below is an event."""
    vm = boot_one(boot, image)
    output = vm.cmd("nvme set-feature nvme0 -f 4 -v 0x150 --serial=S1")
    assert "then: 0x00000150" in output and "63 C (336 K)" in output
    assert "no events yet" in vm.cmd("events --counts")
    vm.cmd("nvme set-feature nvme0 -f 4 -v 0x12c --serial=S1")
    assert set_features(vm)[-2:] == [(4, 0x150), (4, 0x12c)]
    assert "Current value:0x0000012c" in vm.cmd("nvme get-feature nvme0 -f 4")
    assert "emperature" in vm.cmd("events --counts")


def test_timestamp_counts(boot, image):
    """The time that was set goes on; QEMU keeps it in milliseconds."""
    vm = boot_one(boot, image)
    vm.cmd("nvme set-feature nvme0 -f timestamp -v 1700000000000 --serial=S1")
    answer = json.loads(vm.cmd("nvme get-feature nvme0 -f timestamp -o json"))
    assert answer["origin"] == "Set Features"
    assert 1700000000000 <= answer["timestamp"] < 1700000600000


def test_power(boot, image):
    """QEMU has one power state, of 25 W."""
    vm = boot_one(boot, image)
    output = vm.cmd("power nvme0")
    assert "power state 0 (operational)" in output
    assert "25.00W" in output
    report = json.loads(vm.cmd("power nvme0 -o json"))
    assert report["states"][0]["max_power_uw"] == 25000000
    assert "has power states 0 to 0" in vm.cmd("power nvme0 --state=1 --serial=S1")


def test_what_qemu_does_not_let_change(boot, image):
    """QEMU says of interrupt coalescing that it cannot be changed: it is not tried."""
    vm = boot_one(boot, image)
    before = set_features(vm)
    output = vm.cmd("nvme set-feature nvme0 -f 8 -v 0x0a07 --serial=S1")
    assert "nvme0 says that Interrupt Coalescing cannot be changed" in output
    assert set_features(vm) == before
    output = vm.cmd("nvme set-feature nvme0 -f 4 -v 0x150 -s --serial=S1")
    assert "nvme0 says that Temperature Threshold cannot be saved" in output
    assert set_features(vm) == before
