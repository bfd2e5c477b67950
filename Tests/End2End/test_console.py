"""A virtio console, when the VMM gives the machine one: the log comes out of it and `poweroff` goes in."""

import subprocess
import time

from guest import qemu_command

POWERED_OFF = 0x10 << 1 | 1


def test_the_log_and_poweroff_work_over_a_virtio_console(accelerator):
    command = qemu_command(accelerator)
    serial = command.index("stdio,id=console,signal=off")
    command[serial] = "null,id=console"
    command[serial:serial] = ["stdio,id=hvc,signal=off", "-device", "virtio-serial-device,max_ports=1", "-device",
                              "virtconsole,chardev=hvc", "-chardev"]
    machine = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, errors="replace")
    try:
        lines = []
        deadline = time.monotonic() + 60
        while not any(line.startswith("\x1eready us=") for line in lines):
            assert time.monotonic() < deadline, lines
            lines.append(machine.stdout.readline())
        machine.stdin.write("poweroff\n")
        machine.stdin.flush()
        assert machine.wait(timeout=30) == POWERED_OFF
    finally:
        machine.kill()
        machine.wait()
