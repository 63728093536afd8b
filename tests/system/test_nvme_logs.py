"""Log pages of QEMU's controller, checked against what QEMU itself has counted. QEMU 7.2 has the
error log (always empty), SMART, firmware slots, changed namespaces and effects; the other pages
run on the model only."""
import json

from vm import nvme


def block_stats(vm):
    """What QEMU's block layer has counted for the first disk with the node name of a test."""
    for device in vm.qmp("query-blockstats"):
        if device.get("device") == "diskS1":
            return device["stats"]
    raise AssertionError("QEMU does not know the disk")


def smart(vm, more=""):
    """The SMART log as JSON."""
    return json.loads(vm.cmd(f"nvme smart-log nvme0 {more} -o json"))


def test_smart_counts_what_qemu_counts(boot, image):
    """Commands and data units, before and after reading and writing."""
    vm = boot(devices=nvme(image()))
    vm.cmd("arm nvme0n1 S1")
    before = smart(vm)
    vm.cmd("crc32 nvme0n1 0 16384")
    vm.cmd("write nvme0n1 0 4096 --pattern=0xa5")
    after, stats = smart(vm), block_stats(vm)
    assert after["host_read_commands"] == stats["rd_operations"]
    assert after["host_write_commands"] == stats["wr_operations"]
    assert after["data_units_read"] == -(-stats["rd_bytes"] // 512000)
    assert after["data_units_written"] == -(-stats["wr_bytes"] // 512000)
    assert after["data_units_read"] >= before["data_units_read"] + 16
    assert after["host_write_commands"] > before["host_write_commands"]
    assert after["temperature"] == 323 and after["critical_warning"] == 0
    assert smart(vm, "-n 1")["host_read_commands"] == after["host_read_commands"]
    text = vm.cmd("nvme smart-log nvme0")
    assert "Smart Log for NVME device:nvme0 namespace-id:ffffffff" in text
    assert "temperature                             : 50 C (323 K, 122 F)" in text


def test_small_pages(boot, image):
    """Error log, firmware slots, changed namespaces and effects."""
    vm = boot(devices=nvme(image()))
    assert json.loads(vm.cmd("nvme error-log nvme0 -o json")) == {"errors": []}
    firmware = json.loads(vm.cmd("nvme fw-log nvme0 -o json"))
    controller = json.loads(vm.cmd("nvme id-ctrl nvme0 -o json"))
    assert firmware["Active Firmware Slot (afi)"] == 1
    assert firmware["Firmware Rev Slot 1"] == "1.0"
    assert controller["lpa"] & 7 == 7
    assert json.loads(vm.cmd("nvme changed-ns-list-log nvme0 -o json")) == {"namespaces": []}
    effects = json.loads(vm.cmd("nvme effects-log nvme0 -o json"))
    assert effects["admin_cmd_set"]["ACS_6"] & 1
    assert effects["io_cmd_set"]["IOCS_1"] & 3 == 3
    assert effects["io_cmd_set"]["IOCS_2"] & 3 == 1


def test_pages_by_number(boot, image):
    """The bytes of SMART, whole and from an offset; an unknown page is refused by QEMU."""
    vm = boot(devices=nvme(image()), expect_trace=["pci_nvme_err_invalid_log_page",
                                                   "pci_nvme_err_req_status"])
    whole = json.loads(vm.cmd("nvme get-log nvme0 -i 2 -l 512 -o json"))
    assert len(bytes.fromhex("".join(whole["data"]))) == 512
    part = json.loads(vm.cmd("nvme get-log nvme0 -i 2 -l 16 -L 0 -o json"))
    assert part["data"][0] == whole["data"][0]
    later = json.loads(vm.cmd("nvme get-log nvme0 -i 2 -l 16 -L 176 -o json"))
    assert later["data"][0] == whole["data"][11]
    refusal = vm.cmd("nvme get-log nvme0 -i 0xc1 -l 4")
    assert "nvme0 refused Get Log Page C1h (vendor specific)" in refusal


def test_what_qemu_lacks_is_not_asked_for(boot, image):
    """Each refusal names its field, and QEMU sees no command."""
    vm = boot(devices=nvme(image()))
    before = vm.trace().count("pci_nvme_admin_cmd")
    assert "OACS bit 4" in vm.cmd("nvme self-test-log nvme0")
    assert "LPA bit 3" in vm.cmd("nvme telemetry-log nvme0")
    assert "LPA bit 4" in vm.cmd("nvme persistent-event-log nvme0")
    assert "SANICAP" in vm.cmd("nvme sanitize-log nvme0")
    assert vm.trace().count("pci_nvme_admin_cmd") == before


def test_health_of_a_new_disk(boot, image):
    """A disk without a past is OK, and its link is as wide as it can be."""
    vm = boot(devices=nvme(image()))
    report = json.loads(vm.cmd("health nvme0n1 -o json"))
    assert report["device"] == "nvme0" and report["serial"] == "S1"
    assert report["verdict"] == "OK", report
    assert "): OK" in vm.cmd("health nvme0")


def test_health_of_a_disk_that_warns(boot, image):
    """QEMU raises a critical warning when it is told to; health says what it means."""
    vm = boot(devices=nvme(image(), options="id=nv0"))
    vm.qmp("qom-set", path="/machine/peripheral/nv0", property="smart_critical_warning", value=8)
    vm.expect("event: health")  # its own line, which must not fall into a report
    output = vm.cmd("health nvme0")
    assert "): REPLACE" in output and "the drive has become read-only" in output


UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"


def ns_with_uuid(disk):
    """A controller with one namespace of 4096-byte blocks that has a UUID."""
    return ["-drive", f"if=none,id=diskS1,format=raw,file={disk}",
            "-device", "nvme,serial=S1,id=nv0",
            "-device", "nvme-ns,drive=diskS1,bus=nv0,nsid=1,logical_block_size=4096,"
                       f"physical_block_size=4096,uuid={UUID}"]


def test_lists_for_scripts(boot, image):
    """The JSON of list has what QEMU was given."""
    vm = boot(devices=ns_with_uuid(image()))
    devices = json.loads(vm.cmd("nvme list -o json"))["Devices"]
    assert len(devices) == 1
    assert devices[0]["DevicePath"] == "/dev/nvme0n1" and devices[0]["SerialNumber"] == "S1"
    assert devices[0]["PhysicalSize"] == 64 << 20 and devices[0]["SectorSize"] == 4096
    assert "[   0]:0x1" in vm.cmd("nvme list-ns nvme0")
    assert f"uuid    : {UUID}" in vm.cmd("nvme ns-descs nvme0n1")
    assert "  [3:3] : 0x1\tWrite Zeroes supported" in vm.cmd("nvme id-ctrl nvme0 -H")
