"""Fixtures of the end-to-end tests: which accelerators work here, and one server of each kind that most tests share."""

import os
import re

import openai
import pytest

from guest import HEXA_OS, HEXA_SERVE, MODEL, MODEL_NAME, ROOT, Guest, HostProcess
from raw_http import Client


def pytest_configure(config):
    config.addinivalue_line("markers", "heavy: too much computing for TCG; runs where KVM is usable")


def kvm_obstacle():
    """Why KVM cannot be used here, or None. hexa-os probes better; this is what decides between skip and failure."""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR))
    except OSError as error:
        return f"KVM is not usable here: {error}"
    return None


KVM_OBSTACLE = kvm_obstacle()
BEST_ACCELERATOR = "tcg" if KVM_OBSTACLE else "kvm"
ACCELERATORS = [
    pytest.param("kvm", marks=pytest.mark.skipif(KVM_OBSTACLE is not None, reason=KVM_OBSTACLE or "")),
    "tcg",
]
OWN_MONITOR = pytest.param(
    "hexa-vmm", marks=pytest.mark.skipif(KVM_OBSTACLE is not None, reason=KVM_OBSTACLE or ""))
# Ways to run a machine: QEMU with either accelerator, and our own monitor.
MACHINES = [*ACCELERATORS, OWN_MONITOR]
# Where it only matters which program runs the machine.
MONITORS = [BEST_ACCELERATOR, OWN_MONITOR]


def pytest_generate_tests(metafunc):
    if "accelerator" in metafunc.fixturenames:
        metafunc.parametrize("accelerator", ACCELERATORS)
    if "machine" in metafunc.fixturenames:
        metafunc.parametrize("machine", MACHINES)
    if "monitor" in metafunc.fixturenames:
        metafunc.parametrize("monitor", MONITORS)
    if "shared_guest" in metafunc.fixturenames:
        # A module whose tests hold for the ordinary process as well says so with `SERVERS`.
        servers = [OWN_MONITOR if server == "hexa-vmm" else server
                   for server in getattr(metafunc.module, "SERVERS", ["hexa-os", "hexa-vmm"])]
        metafunc.parametrize("shared_guest", servers, indirect=True, scope="session")


def pytest_collection_modifyitems(items):
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        is_machine = parameters.get("shared_guest") != "hexa-serve"
        if KVM_OBSTACLE and is_machine and item.get_closest_marker("heavy"):
            item.add_marker(pytest.mark.skip(reason=f"{KVM_OBSTACLE}; too slow under TCG"))


@pytest.fixture(scope="session", autouse=True)
def built():
    needed = (HEXA_OS, HEXA_OS.with_name("hexa-vmm"), HEXA_SERVE, HEXA_OS.with_name("hexa-kernel.elf"), MODEL)
    missing = [str(path) for path in needed if not path.exists()]
    assert not missing, f"{', '.join(missing)} missing: run 'make build model' first"


@pytest.fixture
def start_guest(tmp_path):
    """Starts machines that end with the test."""
    guests = []

    def start(*options, accelerator=BEST_ACCELERATOR, **keywords):
        log_path = tmp_path / f"console-{len(guests)}.log"
        guest = Guest(*options, accelerator=accelerator, log_path=log_path, **keywords)
        guests.append(guest)
        return guest

    yield start
    for guest in guests:
        guest.__exit__()


@pytest.fixture
def start_process(tmp_path):
    """Starts hexa-serve processes that end with the test."""
    processes = []

    def start(*options, **keywords):
        process = HostProcess(*options, log_path=tmp_path / f"process-{len(processes)}.log", **keywords)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.__exit__()


@pytest.fixture(scope="session")
def shared_guest(request, tmp_path_factory):
    log_path = tmp_path_factory.mktemp("shared") / "console.log"
    accelerator = "hexa-vmm" if request.param == "hexa-vmm" else BEST_ACCELERATOR
    is_process = request.param == "hexa-serve"
    guest = HostProcess(log_path=log_path) if is_process else Guest(accelerator=accelerator, log_path=log_path)
    with guest:
        yield guest.wait_ready()
        assert guest.process.poll() is None, f"the shared machine died; its console:\n{guest.console()}"


@pytest.fixture
def guest(shared_guest):
    """The server that most tests share. After each of them it must still answer."""
    assert shared_guest.process.poll() is None, f"the machine died earlier; its console:\n{shared_guest.console()}"
    yield shared_guest
    if shared_guest.process.poll() is not None:
        pytest.fail(f"this test ended the machine; its console:\n{shared_guest.console()[-8_000:]}")
    with Client(shared_guest.port) as client:
        assert client.request("GET", "/health").status == 200


@pytest.fixture
def http(guest):
    with Client(guest.port) as client:
        yield client


@pytest.fixture
def client(guest):
    """The official client, pointed at the shared server."""
    with openai.OpenAI(base_url=f"{guest.url}/v1", api_key="not-needed", max_retries=0, timeout=300) as client:
        yield client


@pytest.fixture
def model():
    return MODEL_NAME


@pytest.fixture
def metric(guest):
    """Reads one number of /metrics."""
    def read(name):
        with Client(guest.port) as client:
            text = client.request("GET", "/metrics").body.decode()
        match = re.search(rf"^{re.escape(name)}(?:{{[^}}]*}})? ([0-9.e+-]+)$", text, re.MULTILINE)
        assert match, f"no {name} in:\n{text}"
        return float(match.group(1))
    return read


# The keys of examples/raw.json, whose digests it holds.
ROOT_KEY = {"Authorization": "Bearer root-key"}
USER_KEY = {"Authorization": "Bearer user-key"}
AUDIT_KEY = "audit-key-of-the-tests"


@pytest.fixture(scope="session", params=MONITORS)
def lawful(request, tmp_path_factory):
    """A machine under the law of examples/raw.json."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEXA_AUDIT_KEY", AUDIT_KEY)
        with Guest("--law", ROOT / "examples" / "raw.json", accelerator=request.param,
                   log_path=tmp_path_factory.mktemp("law") / "console.log", api_key="root-key") as guest:
            yield guest.wait_ready()
            assert guest.process.poll() is None, guest.console()
