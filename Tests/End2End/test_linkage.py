"""The programs whose start is waited for have no dynamic linker in front of it, and need no library of the host."""

import struct
import subprocess

import pytest

from guest import ROOT

BUILD = ROOT / "build"
# PT_INTERP and ET_DYN of the System V ABI.
INTERPRETER, SHARED_OBJECT = 3, 3


def program_header_types(program):
    """Of an ELF64 file."""
    data = program.read_bytes()
    assert data[:5] == b"\x7fELF\x02"
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    return [struct.unpack_from("<I", data, offset + index * size)[0] for index in range(count)]


@pytest.mark.parametrize("name", ["hexa-os", "hexa-vmm"])
def test_it_brings_all_that_it_needs(name):
    assert INTERPRETER not in program_header_types(BUILD / name)
    assert subprocess.run([BUILD / name, "--version"], capture_output=True).returncode in (0, 64)


def test_the_monitor_is_loaded_at_an_address_that_nobody_knows():
    kind, = struct.unpack_from("<H", (BUILD / "hexa-vmm").read_bytes(), 16)
    assert kind == SHARED_OBJECT
