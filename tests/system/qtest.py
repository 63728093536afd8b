"""tests/system/qtest.py - QEMU's qtest channel: memory, device registers and I/O ports of a running
guest, read and written from outside, past the guest's CPUs."""
import socket

CONFIG_ADDRESS, CONFIG_DATA = 0xcf8, 0xcfc
WIDTHS = {1: "b", 2: "w", 4: "l", 8: "q"}


class QtestError(Exception):
    """QEMU did not do what it was asked for."""


class Qtest:
    """A connection. An address is a physical one of the guest, a port one of its I/O ports."""

    def __init__(self, sock, timeout=20):
        sock.settimeout(timeout)
        self._socket = sock
        self._file = sock.makefile("rw", encoding="ascii", newline="\n")

    def close(self):
        """Ends the connection; the guest runs on."""
        self._file.close()
        self._socket.close()

    def ask(self, *words):
        """Sends one command and returns the words of its answer."""
        self._file.write(" ".join(str(w) for w in words) + "\n")
        self._file.flush()
        while True:
            try:
                answer = self._file.readline().split()
            except socket.timeout as error:
                raise QtestError(f"no answer to {words}") from error
            if not answer or answer[0] == "FAIL":
                raise QtestError(f"{words}: {' '.join(answer) or 'the connection was closed'}")
            if answer[0] == "OK":  # the others tell of interrupts
                return answer[1:]

    def read(self, address, length):
        """Bytes of memory."""
        return bytes.fromhex(self.ask("read", hex(address), length)[0][2:]) if length else b""

    def write(self, address, data):
        """Changes bytes of memory."""
        self.ask("write", hex(address), len(data), "0x" + data.hex())

    def load(self, address, width=4):
        """One access of 1, 2, 4 or 8 bytes: to a register, as a CPU would."""
        return int(self.ask("read" + WIDTHS[width], hex(address))[0], 16)

    def store(self, address, value, width=4):
        """The same, written."""
        self.ask("write" + WIDTHS[width], hex(address), hex(value))

    def port_in(self, port, width=4):
        """Reads an I/O port."""
        return int(self.ask("in" + WIDTHS[width], hex(port))[0], 16)

    def port_out(self, port, value, width=4):
        """Writes an I/O port."""
        self.ask("out" + WIDTHS[width], hex(port), hex(value))

    # The guest may be between its own two accesses to the pair of ports: what it has put into the
    # address register is put back.
    def config_load(self, bus, slot, offset, width=4, function=0):
        """Reads the configuration space of a PCI function."""
        before = self._config_select(bus, slot, function, offset)
        value = self.port_in(CONFIG_DATA + (offset & 3), width)
        self.port_out(CONFIG_ADDRESS, before)
        return value

    # pylint: disable=too-many-arguments
    def config_store(self, bus, slot, offset, value, width=4, function=0):
        """Writes the configuration space of a PCI function."""
        before = self._config_select(bus, slot, function, offset)
        self.port_out(CONFIG_DATA + (offset & 3), value, width)
        self.port_out(CONFIG_ADDRESS, before)

    def _config_select(self, bus, slot, function, offset):
        before = self.port_in(CONFIG_ADDRESS)
        self.port_out(CONFIG_ADDRESS,
                      1 << 31 | bus << 16 | slot << 11 | function << 8 | offset & ~3)
        return before
