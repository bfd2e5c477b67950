"""A machine with the two interrupt controllers of a PC, which deliver the timer's line as the vector of an exception
until they are masked: Firecracker has them, and of QEMU's machines q35, where the kernel finds no network device."""

import subprocess

from guest import HEXA_OS, qemu_command

FAILED = 0x11 << 1 | 1


def test_the_old_interrupt_controllers_disturb_nothing(accelerator):
    given = qemu_command(accelerator)
    processor = given[given.index("-cpu") + 1]
    command = [given[0], "-M", f"q35,accel={accelerator}", "-cpu", processor, "-m", "512", "-nodefaults",
               "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio", "-device",
               "isa-debug-exit,iobase=0xf4,iosize=0x04", "-kernel", HEXA_OS.with_name("hexa-kernel.elf"),
               "-append", "hexa.log=info"]
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
                            timeout=120)
    assert "neither a virtio-net nor a virtio-vsock device" in result.stdout, result.stdout
    assert "fault" not in result.stdout
    assert result.returncode == FAILED
