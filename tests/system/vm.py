"""tests/system/vm.py - one QEMU with the image in it: its command line, serial console, QMP socket,
and the trace of everything the emulated NVMe controller found wrong with its driver."""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

import pexpect
from pexpect import fdpexpect

from qtest import Qtest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CARILLON_BUILD", ROOT / "build"))
ISO = pathlib.Path(os.environ.get("CARILLON_ISO", BUILD / "carillon.iso"))
OVMF = pathlib.Path("/usr/share/OVMF")
PROMPT = "carillon> "
PROMPT_LINE = r"\n(?:\[armed:[^\]\n]*\] )?" + re.escape(PROMPT)
QMP_SECONDS = 30
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

# What QEMU reports when a guest breaks the rules of the NVMe protocol, the orderly shutdown, and
# features.
TRACE_EVENTS = ("pci_nvme_err_*\npci_nvme_ub_*\npci_nvme_mmio_shutdown_*\n"
                "pci_nvme_getfeat\npci_nvme_setfeat\n")


class GuestError(Exception):
    """The guest did not do what was waited for."""


def accelerator():
    """QEMU's options for the CPU; found out once per run (the environment of the workers)."""
    if "CARILLON_ACCEL" not in os.environ:
        os.environ["CARILLON_ACCEL"] = subprocess.run(
            [ROOT / "tools/accel.sh"], check=True, capture_output=True, text=True).stdout.strip()
    return os.environ["CARILLON_ACCEL"].split()


def nvme(image, serial="S1", node=None, options="", block_bytes=512, bus=None):
    """QEMU options for one controller with one namespace on a raw image."""
    node = node or "disk" + re.sub(r"\W", "", serial)
    device = f"nvme,serial={serial},drive={node}"
    if block_bytes != 512:
        device += f",logical_block_size={block_bytes},physical_block_size={block_bytes}"
    if bus:
        device += f",bus={bus}"
    if options:
        device += "," + options
    return ["-drive", f"if=none,id={node},format=raw,file={image}", "-device", device]


class Vm:
    """A running guest. Use it as a context manager; leaving it kills QEMU and checks the trace."""

    # pylint: disable=too-many-instance-attributes
    def __init__(self, work, *, boot="cd", firmware="bios", machine="q35", cpus=2, memory_mib=256,
                 devices=(), run=None, iso=None, serial=True, expect_trace=(), qtest=False,
                 events=(), extra=()):
        self.work = pathlib.Path(work)
        self.work.mkdir(parents=True, exist_ok=True)
        self.iso = pathlib.Path(iso or ISO)
        self.expect_trace = tuple(expect_trace)
        self.serial_log = self.work / "serial.log"
        self.trace_log = self.work / "trace.log"
        self.console = None
        self.process = None
        self._serial_socket = None
        self._qmp = None
        self._qtest = None
        self.ended = False
        if qtest:
            extra = ["-qtest", f"unix:{self.work}/qtest,server=on,wait=off", "-qtest-log", "none",
                     *extra]
        self.command = self._command_line(boot, firmware, machine, cpus, memory_mib, devices, run,
                                          serial, extra)
        (self.work / "events").write_text(TRACE_EVENTS + "".join(f"{e}\n" for e in events))

    # pylint: disable=too-many-arguments
    def _command_line(self, boot, firmware, machine, cpus, memory_mib, devices, run, serial, extra):
        args = ["qemu-system-x86_64", "-machine", machine, *accelerator(), "-smp", str(cpus),
                "-m", str(memory_mib), "-display", "none", "-nodefaults", "-no-user-config",
                "-no-reboot", "-trace", f"events={self.work}/events,file={self.trace_log}",
                "-chardev", f"socket,id=qmp,path={self.work}/qmp,server=on,wait=off",
                "-mon", "chardev=qmp,mode=control"]
        if serial:
            args += ["-chardev", f"socket,id=ser,path={self.work}/ser,server=on,wait=on",
                     "-serial", "chardev:ser"]
        args += self._firmware(firmware) + self._boot_medium(boot)
        if run is not None:
            (self.work / "run").write_text(run)
            args += ["-fw_cfg", f"name=opt/carillon/run,file={self.work}/run"]
        return args + [str(d) for d in devices] + list(extra)

    def _firmware(self, firmware):
        if firmware == "bios":
            return []
        variables = self.work / "vars.fd"
        shutil.copy(OVMF / "OVMF_VARS_4M.fd", variables)
        code = OVMF / "OVMF_CODE_4M.fd"
        return ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}",
                "-drive", f"if=pflash,unit=1,format=raw,file={variables}"]

    def _boot_medium(self, boot):
        drive = ["-drive", f"if=none,id=boot,format=raw,readonly=on,file={self.iso}"]
        if boot == "cd":
            return ["-cdrom", str(self.iso), "-boot", "d"]
        if boot == "usb":
            return drive + ["-device", "qemu-xhci,id=xhci",
                            "-device", "usb-storage,bus=xhci.0,drive=boot,bootindex=0"]
        if boot == "nvme":
            return drive + ["-device", "nvme,serial=BOOT,drive=boot,bootindex=0"]
        raise ValueError(boot)

    def __enter__(self):
        self.start()
        return self

    def start(self):
        """Starts QEMU and connects to its serial port."""
        # pylint: disable=consider-using-with
        log = open(self.work / "qemu.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                        stderr=subprocess.STDOUT)
        log.close()
        if (self.work / "ser").exists() or "chardev:ser" in self.command:
            self._serial_socket = self._connect(self.work / "ser")
            self.console = fdpexpect.fdspawn(self._serial_socket.fileno(), encoding="utf-8",
                                             codec_errors="replace", timeout=30)
            # Not QEMU's own logfile: a byte that it has to send twice stands there twice.
            self.console.logfile_read = open(self.serial_log, "a", encoding="utf-8", newline="")

    def _connect(self, path):
        deadline = time.monotonic() + 10
        while True:
            try:
                sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                sock.connect(str(path))
                return sock
            except OSError:
                sock.close()
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise GuestError("QEMU did not start: "
                                     + (self.work / "qemu.log").read_text()) from None
                time.sleep(0.02)

    def __exit__(self, kind, value, traceback):
        self.stop()
        if kind is None:
            self.check_trace()

    def stop(self):
        """Ends QEMU if it has not ended itself."""
        for channel in (self._qmp, self._qtest):
            if channel:
                channel.close()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self._serial_socket:
            self._serial_socket.close()
            self._serial_socket = None

    # --- the console -----------------------------------------------------------------------------

    def expect(self, pattern, timeout=30):
        """Waits for a regular expression and returns what came before it."""
        try:
            self.console.expect(pattern, timeout=timeout)
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            tail = self.serial_text()[-3000:]
            raise GuestError(f"no {pattern!r} within {timeout} s ({type(error).__name__}):\n{tail}"
                             ) from None
        return self.console.before

    def wait_prompt(self, timeout=30):
        """Waits for the prompt; returns the text before it, without escape sequences."""
        return clean(self.expect(PROMPT_LINE, timeout)) + "\n"

    def watch(self, seconds):
        """Lets time pass. A guest whose output nobody reads waits at its serial line after a few
        hundred bytes, so it is read; what came stays for the next expect()."""
        self.console.expect(pexpect.TIMEOUT, timeout=seconds)

    def send(self, text):
        """Types text, without Enter."""
        self.console.send(text)

    def cmd(self, line, timeout=30):
        """Types a command and returns what it printed."""
        self.send(line + "\r")
        output = self.wait_prompt(timeout)
        _, _, rest = output.partition("\n")  # the echo of the line
        return rest

    def crc(self, what):
        """The checksum of a path or range, as eight hex digits."""
        output = self.cmd("crc32 " + what)
        words = output.split()
        assert words and re.fullmatch("[0-9a-f]{8}", words[0]), output
        return words[0]

    def serial_text(self):
        """All that came over the serial port so far."""
        if not self.serial_log.exists():
            return ""
        return clean(self.serial_log.read_text(encoding="utf-8", errors="replace"))

    # --- from outside ----------------------------------------------------------------------------

    @property
    def qtest(self):
        """The qtest channel of a guest that was started with qtest=True."""
        if not self._qtest:
            self._qtest = Qtest(self._connect(self.work / "qtest"))
        return self._qtest

    def qmp(self, command, arguments=None, **more):
        """Runs a QMP command and returns its result; a dict where a name is no Python name."""
        if not self._qmp:
            sock = self._connect(self.work / "qmp")
            sock.settimeout(QMP_SECONDS)
            self._qmp = sock.makefile("rw", encoding="utf-8")
            self._qmp.readline()
            self._exchange({"execute": "qmp_capabilities"})
        return self._exchange({"execute": command, "arguments": {**(arguments or {}), **more}})

    def hmp(self, line):
        """Runs a command of QEMU's human monitor and returns what it printed."""
        return self.qmp("human-monitor-command", {"command-line": line})

    def _exchange(self, request):
        self._qmp.write(json.dumps(request) + "\n")
        self._qmp.flush()
        while True:
            try:
                reply = json.loads(self._qmp.readline())
            except (OSError, ValueError):
                raise GuestError(f"QEMU did not answer {request} within {QMP_SECONDS} s") from None
            if "error" in reply:
                raise GuestError(str(reply["error"]))
            if "return" in reply:
                return reply["return"]

    def wait_end(self, timeout=20):
        """Waits until QEMU has ended by itself."""
        deadline = time.monotonic() + timeout
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise GuestError(f"QEMU still runs after {timeout} s:\n"
                                 + self.serial_text()[-2000:])
            self._drain()
        while self._drain():
            pass
        if self.process.returncode != 0:
            raise GuestError((self.work / "qemu.log").read_text())

    def _drain(self):
        """Reads what has come, for the log and so that the socket does not fill up."""
        try:
            return self.console and self.console.read_nonblocking(4096, timeout=0.05)
        except (pexpect.TIMEOUT, pexpect.EOF):
            time.sleep(0.02)
            return ""

    def trace(self):
        """Names of the trace events so far, in order."""
        if not self.trace_log.exists():
            return []
        lines = self.trace_log.read_text(encoding="utf-8", errors="replace").splitlines()
        return re.findall(r"\b(pci_nvme_\w+)", "\n".join(lines))

    def trace_lines(self, event):
        """The trace's lines about one event, in order: what follows its name."""
        if not self.trace_log.exists():
            return []
        text = self.trace_log.read_text(encoding="utf-8", errors="replace")
        return re.findall(rf"\b{event}\b ?(.*)", text)

    def check_trace(self):
        """Fails when the controller complained of something the test did not announce."""
        bad = [e for e in self.trace() if e.startswith(("pci_nvme_err_", "pci_nvme_ub_"))
               and e not in self.expect_trace]
        assert not bad, f"the controller reported {sorted(set(bad))} ({len(bad)} events)"


def clean(text):
    """What a terminal would show: no escape sequences, and of a redrawn line the last state."""
    lines = re.sub(r"\r+\n", "\n", ANSI.sub("", text)).split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)
