"""`hexa-os image`: the folder's configuration starts a machine by itself, whose server answers on a Unix socket; and
`hexa-os run --vmm firecracker`, with a stand-in for Firecracker that takes what it is given as Firecracker would."""

import json
import signal
import socket
import subprocess

import pytest

from conftest import OWN_MONITOR
from guest import END_TIMEOUT_SECONDS, HEXA_OS, MODEL, MODEL_NAME, Served, run_hexa_os, wait_until
from raw_http import Client

HEXA_VMM = HEXA_OS.with_name("hexa-vmm")
POWERED_OFF = 33

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("image") / "appliance"
    result = run_hexa_os("image", MODEL, "--firecracker", folder, "--link", "--memory", 1024)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture
def appliance(image, tmp_path):
    """hexa-vmm in the folder, as Firecracker would be started there."""
    process = subprocess.Popen([HEXA_VMM, "--config-file", "config.json"], cwd=image, stdin=subprocess.DEVNULL,
                               stdout=(tmp_path / "console.log").open("wb"))
    yield process
    process.kill()
    process.wait()


def connect(image, port=80):
    """A connection to a port of the guest by Firecracker's protocol, and the line by which it is answered."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(60)

    def is_connected():
        try:
            client.connect(str(image / "v.sock"))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    wait_until(is_connected, 10, "a listener on v.sock")
    client.sendall(f"CONNECT {port}\n".encode())
    answer = b""
    while not answer.endswith(b"\n") and (piece := client.recv(1)):
        answer += piece
    return client, answer


def get(image, path):
    """Status line and body of an answer on a connection of its own."""
    client, answer = connect(image)
    word, port = answer.split()
    assert word == b"OK" and int(port) > 0
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: appliance\r\nConnection: close\r\n\r\n".encode())
    head, body = b"".join(iter(lambda: client.recv(65_536), b"")).split(b"\r\n\r\n", 1)
    return head.split(b"\r\n")[0], body


@pytest.mark.parametrize("own_monitor", [OWN_MONITOR])
def test_a_client_reaches_the_server_through_the_unix_socket(own_monitor, image, appliance):
    wait_until(lambda: get(image, "/health")[0] == b"HTTP/1.1 200 OK", 30, "a server that is ready")
    status, body = get(image, "/v1/models")
    assert status == b"HTTP/1.1 200 OK" and json.loads(body)["data"][0]["id"] == MODEL_NAME
    # A port on which nobody listens: the connection ends without a word.
    client, answer = connect(image, port=81)
    assert answer == b""
    appliance.send_signal(signal.SIGTERM)
    assert appliance.wait(timeout=END_TIMEOUT_SECONDS) == POWERED_OFF


@pytest.mark.parametrize("own_monitor", [OWN_MONITOR])
def test_a_second_machine_leaves_the_socket_of_the_first_alone(own_monitor, image, appliance):
    connect(image)
    second = subprocess.run([HEXA_VMM, "--config-file", "config.json"], cwd=image, stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, timeout=60)
    assert second.returncode == 71 and "cannot listen on v.sock" in second.stderr
    assert connect(image)[1].startswith(b"OK ")


def test_a_folder_that_is_there_is_left_alone_unless_it_is_meant(image):
    refused = run_hexa_os("image", MODEL, "--firecracker", image, "--link")
    assert refused.returncode == 73 and "--force" in refused.stderr
    assert run_hexa_os("image", MODEL, "--firecracker", image, "--link", "--memory", 1024, "--force").returncode == 0


def test_the_configuration_is_firecrackers(image):
    configuration = json.loads((image / "config.json").read_text())
    assert configuration["boot-source"]["kernel_image_path"] == "hexa-kernel.elf"
    assert configuration["machine-config"]["mem_size_mib"] == 1024
    assert configuration["drives"][0]["path_on_host"] == "model.gguf"
    assert configuration["vsock"] == {"guest_cid": 3, "uds_path": "v.sock"}


# Firecracker is not at hand. What it is given is what hexa-vmm understands, which runs the machine in its place.
STAND_IN = """#!/bin/sh
[ "$*" = "--no-api --config-file /dev/fd/3" ] || {{ echo "unexpected arguments: $*" >&2; exit 1; }}
"{monitor}" --config-file /dev/fd/3
# A reset ends Firecracker, whatever the guest wrote to other ports before.
[ $? = {powered_off} ] && exit 0
exit 1
"""


@pytest.fixture
def stand_in(tmp_path):
    path = tmp_path / "firecracker"
    path.write_text(STAND_IN.format(monitor=HEXA_VMM, powered_off=POWERED_OFF))
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("own_monitor", [OWN_MONITOR])
def test_the_port_reaches_the_server_under_firecracker(own_monitor, stand_in, tmp_path):
    command = [HEXA_OS, "run", MODEL, "--vmm", "firecracker", "--firecracker-binary", stand_in, "--verbose"]
    with Served(command, log_path=tmp_path / "console.log", ready_timeout=60) as server:
        server.wait_ready()
        with Client(server.port) as client:
            assert client.request("GET", "/v1/models").json["data"][0]["id"] == MODEL_NAME
            body = {"prompt": "The sea is", "max_tokens": 8, "temperature": 0}
            assert client.request("POST", "/v1/completions", json=body).json["usage"]["completion_tokens"] == 8
        assert server.stop() == 0


def test_firecracker_that_is_not_there_is_named(tmp_path):
    result = run_hexa_os("run", MODEL, "--vmm", "firecracker", env={"PATH": str(tmp_path)})
    assert result.returncode == 69 and "--firecracker-binary" in result.stderr


@pytest.mark.parametrize("options", [("--accel", "tcg"), ("--print-command",)])
def test_options_that_firecracker_has_nothing_for(options):
    result = run_hexa_os("run", MODEL, "--vmm", "firecracker", *options)
    assert result.returncode == 64
