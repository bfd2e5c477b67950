"""A network device of our own monitor, in front of a tap interface in a network namespace that the test makes."""

import json
import os
import shutil
import subprocess

import pytest

from conftest import OWN_MONITOR
from guest import HEXA_OS, MODEL, MODEL_NAME, run_hexa_os, wait_until

HEXA_VMM = HEXA_OS.with_name("hexa-vmm")
HOST_ADDRESS, GUEST_ADDRESS = "172.16.0.1", "172.16.0.2"

pytestmark = [pytest.mark.parametrize("own_monitor", [OWN_MONITOR]), pytest.mark.heavy]


def obstacle():
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun") or not shutil.which("ip"):
        return "needs root, /dev/net/tun and ip"
    return None


@pytest.fixture
def namespace():
    """A network namespace with a tap interface, whose only traffic is the test's. A command's words to run in it."""
    if reason := obstacle():
        pytest.skip(reason)
    name = f"hexa-test-{os.getpid()}"
    if (made := subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)).returncode != 0:
        pytest.skip(f"network namespaces cannot be made here: {made.stderr.strip()}")
    inside = ["ip", "netns", "exec", name]
    try:
        for command in ("tuntap add tap0 mode tap", f"addr add {HOST_ADDRESS}/24 dev tap0", "link set tap0 up"):
            made = subprocess.run([*inside, "ip", *command.split()], capture_output=True, text=True)
            if made.returncode != 0:
                pytest.skip(f"no tap interface can be made here: {made.stderr.strip()}")
        yield inside
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.fixture
def folder(tmp_path):
    """A machine's folder with a network device besides all else."""
    folder = tmp_path / "appliance"
    assert run_hexa_os("image", MODEL, "--firecracker", folder, "--link", "--memory", 1024).returncode == 0
    path = folder / "config.json"
    configuration = json.loads(path.read_text())
    configuration["network-interfaces"] = [
        {"iface_id": "eth0", "host_dev_name": "tap0", "guest_mac": "06:00:ac:10:00:02"}]
    configuration["boot-source"]["boot_args"] += f" hexa.ip={GUEST_ADDRESS}/24,{HOST_ADDRESS}"
    path.write_text(json.dumps(configuration))
    return folder


def test_a_client_reaches_the_server_over_ethernet(own_monitor, namespace, folder):
    with (folder / "console.log").open("wb") as log:
        machine = subprocess.Popen([*namespace, HEXA_VMM, "--config-file", "config.json"], cwd=folder,
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        def ask(path):
            # While the model loads the server answers, with 503: that is a failure too.
            return subprocess.run([*namespace, "curl", "-s", "--fail", "--max-time", "10",
                                   f"http://{GUEST_ADDRESS}{path}"], capture_output=True, text=True)

        wait_until(lambda: ask("/health").returncode == 0, 30, "the server's answer over the tap interface")
        assert json.loads(ask("/v1/models").stdout)["data"][0]["id"] == MODEL_NAME
        # Larger than a frame, and than the receive queue takes at once.
        body = folder / "body.json"
        body.write_text(json.dumps({"content": "the sea " * 60_000}))
        answer = subprocess.run(
            [*namespace, "curl", "-s", "--max-time", "30", "--data-binary", f"@{body}",
             f"http://{GUEST_ADDRESS}/tokenize"], capture_output=True, text=True)
        assert len(json.loads(answer.stdout)["tokens"]) >= 60_000
    finally:
        machine.kill()
        machine.wait()


def test_an_interface_that_cannot_be_opened_is_named(own_monitor, namespace, folder):
    path = folder / "config.json"
    path.write_text(path.read_text().replace("tap0", "lo"))
    result = subprocess.run([*namespace, HEXA_VMM, "--config-file", "config.json"], cwd=folder, capture_output=True,
                            text=True, timeout=30)
    assert result.returncode == 71 and "tap interface lo" in result.stderr
