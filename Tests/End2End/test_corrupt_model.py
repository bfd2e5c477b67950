"""A model that goes bad behind hexa-os's back: the kernel refuses it in one line and ends the machine."""

import json
import struct
import subprocess

import pytest

from conftest import BEST_ACCELERATOR
from guest import MODEL, free_port, run_hexa_os

# Statuses that the kernel ends QEMU with: see GuestEnding.
POWERED_OFF, PANICKED = 0x10 << 1 | 1, 0x11 << 1 | 1


@pytest.fixture(scope="module")
def header():
    """Enough of the good model to hold its whole header."""
    with MODEL.open("rb") as file:
        return file.read(4 << 20)


def boot(path, size=None):
    """Boots a kernel on the file at `path` although hexa-os would not; answers QEMU's result."""
    printed = run_hexa_os("run", MODEL, "--port", free_port(), "--accel", BEST_ACCELERATOR, "--print-command", "--json")
    command = json.loads(printed.stdout)
    size = path.stat().st_size if size is None else size
    command = [word.replace(str(MODEL), str(path)) for word in command]
    command[-1] = command[-1].replace(f"hexa.model-size={MODEL.stat().st_size}", f"hexa.model-size={size}")
    return subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
                          timeout=120)


def with_bytes(data, offset, replacement):
    return data[:offset] + replacement + data[offset + len(replacement):]


DAMAGES = {
    "magic": lambda header: with_bytes(header, 0, b"FUGG"),
    "version": lambda header: with_bytes(header, 4, struct.pack("<I", 99)),
    "tensor count": lambda header: with_bytes(header, 8, struct.pack("<Q", 1 << 60)),
    "metadata count": lambda header: with_bytes(header, 16, struct.pack("<Q", 1 << 60)),
    "first key's length": lambda header: with_bytes(header, 24, struct.pack("<Q", (1 << 64) - 1)),
    "truncated header": lambda header: header[:1_000],
    "truncated weights": lambda header: header,
    "one sector": lambda header: header[:512],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_kernel_refuses_a_corrupt_model_and_ends(tmp_path, header, damage):
    path = tmp_path / "corrupt.gguf"
    path.write_bytes(DAMAGES[damage](header))
    result = boot(path)
    assert result.returncode not in (0, POWERED_OFF), result.stdout
    lines = [line for line in result.stdout.splitlines() if "offset 0x" in line]
    assert len(lines) == 1, result.stdout


def test_a_model_size_beyond_the_device_is_refused(tmp_path, header):
    path = tmp_path / "short.gguf"
    path.write_bytes(header)
    result = boot(path, size=MODEL.stat().st_size)
    assert result.returncode not in (0, POWERED_OFF), result.stdout
    assert "error" in result.stdout.lower()
