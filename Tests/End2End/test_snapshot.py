"""Snapshots: a machine saved when it is warm goes on in any number of others, which share no secret but all it knew."""

import hashlib
import json
import os
import shutil
import socket
import stat
import subprocess
import time
from pathlib import Path

import pytest

from conftest import KVM_OBSTACLE, ROOT_KEY
from guest import HEXA_OS, MODEL, MODEL_NAME, ROOT, Served, free_port, run_hexa_os
from raw_http import Client

pytestmark = pytest.mark.skipif(KVM_OBSTACLE is not None, reason=KVM_OBSTACLE or "")

PROMPT = ("You are the clerk of a small harbour. Every morning you write down which ships have come in, what they "
          "carry, how long they stay and where they sail next. Begin with the first ship of today.")
SENTENCE = "Only one of the two machines is told this sentence, and it is told it at some length."


class Restored(Served):
    """A machine made of a snapshot."""

    def __init__(self, directory, *options, log_path):
        super().__init__([HEXA_OS, "run", "--from-snapshot", directory, "--verbose", *options], log_path=log_path,
                         ready_timeout=30)


def complete(port, prompt=PROMPT, tokens=24):
    with Client(port) as client:
        response = client.request("POST", "/v1/chat/completions", json={
            "model": MODEL_NAME, "messages": [{"role": "user", "content": prompt}], "max_tokens": tokens,
            "temperature": 0})
    assert response.status == 200, response.body
    return response.json


def text(answer):
    return answer["choices"][0]["message"]["content"]


def cached(answer):
    return answer["usage"]["prompt_tokens_details"]["cached_tokens"]


def digests(directory):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(directory.iterdir())}


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    path = tmp_path_factory.mktemp("packed") / f"{MODEL_NAME}.hxm"
    result = run_hexa_os("pack", MODEL, "-o", path)
    assert result.returncode == 0, result.stderr
    return path


@pytest.fixture(scope="module")
def warm(packed, tmp_path_factory):
    """A snapshot that has read PROMPT."""
    directory = tmp_path_factory.mktemp("snapshots") / "warm"
    result = run_hexa_os("snapshot", packed, "--to", directory, "--warm-prompt", PROMPT, "--json", timeout=120)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["path"] == str(directory) and report["disk_bytes"] > 0
    return directory


@pytest.fixture
def restore(tmp_path):
    """Makes machines of snapshots that end with the test."""
    guests = []

    def start(directory, *options):
        guest = Restored(directory, *options, log_path=tmp_path / f"restored-{len(guests)}.log")
        guests.append(guest)
        return guest.wait_ready()

    yield start
    for guest in guests:
        guest.__exit__()


def copy_of(directory, tmp_path):
    """A copy to do damage to; holes stay holes."""
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", "--sparse=always", directory, copy], check=True)
    return copy


def refusal(directory):
    result = run_hexa_os("run", "--from-snapshot", directory, "--port", free_port(), "--prompt", "x", "--once")
    lines = [line for line in result.stderr.splitlines() if line.startswith("error:")]
    assert len(lines) == 1, result.stderr
    assert result.stdout == ""
    return result.returncode, lines[0].removeprefix("error: ")


def test_the_files_are_the_owners_alone_and_zeros_take_no_room(warm):
    assert sorted(path.name for path in warm.iterdir()) == ["memory", "snapshot.json"]
    assert stat.S_IMODE(warm.stat().st_mode) == 0o700
    for path in warm.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    memory = (warm / "memory").stat()
    manifest = json.loads((warm / "snapshot.json").read_text())
    assert memory.st_size == manifest["machine-config"]["mem_size_mib"] << 20
    assert memory.st_blocks * 512 < memory.st_size


def test_a_restored_machine_answers_as_the_one_that_was_saved(warm, packed, restore, start_guest):
    fresh = start_guest(accelerator="hexa-vmm", model=packed).wait_ready()
    expected = complete(fresh.port)
    assert cached(expected) == 0
    answer = complete(restore(warm).port)
    assert text(answer) == text(expected)
    # All of the prompt but what must be computed to go on from it.
    assert cached(answer) > answer["usage"]["prompt_tokens"] // 2


def test_clones_run_at_once_and_differ_where_they_must(warm, restore):
    before = digests(warm)
    clones = [restore(warm) for _ in range(2)]
    first, second = ([complete(clone.port, tokens=4) for _ in range(2)] for clone in clones)
    assert text(first[0]) == text(second[0]) == text(first[1])
    assert len({answer["id"] for answer in first + second}) == 4
    for answer in first + second:
        assert abs(answer["created"] - time.time()) < 5
    # What one has heard since, the other has not.
    heard, unheard = (cached(complete(clone.port, SENTENCE)) for clone in clones)
    assert heard == unheard < cached(complete(clones[0].port, SENTENCE))
    for clone in clones:
        assert clone.stop() == 0
    assert digests(warm) == before


def test_the_growth_bus_says_that_the_machine_was_resumed(packed, tmp_path, restore):
    directory = tmp_path / "lawful"
    result = run_hexa_os(
        "snapshot", packed, "--to", directory, "--law", ROOT / "examples" / "raw.json", timeout=120)
    assert result.returncode == 0, result.stderr
    with Client(restore(directory).port) as client:
        response = client.request("GET", "/v1/law/growth", headers=ROOT_KEY)
    assert response.status == 200, response.body
    records = [json.loads(line) for line in response.body.splitlines()]
    (record,) = [record for record in records if record.get("event") == "restored"]
    assert record["subject"] == "kernel" and abs(record["number"] - time.time()) < 5


def test_a_model_that_was_repacked_is_in_the_memory(tmp_path, restore):
    directory = tmp_path / "gguf"
    result = run_hexa_os("snapshot", MODEL, "--to", directory, "--cpus", 1, timeout=120)
    assert result.returncode == 0, result.stderr
    assert text(complete(restore(directory).port, "Count to three.", 8))


def test_an_api_key_is_remembered(packed, tmp_path, restore):
    directory = tmp_path / "secret"
    result = run_hexa_os("snapshot", packed, "--to", directory, "--warm-prompt", "x", timeout=120,
                         env={"HEXA_API_KEY": "sesame"})
    assert result.returncode == 0, result.stderr
    assert "sesame" not in (directory / "snapshot.json").read_text()
    guest = restore(directory)
    with Client(guest.port) as client:
        assert client.request("GET", "/v1/models").status == 401
        key = {"Authorization": "Bearer sesame"}
        assert client.request("GET", "/v1/models", headers=key).status == 200


def test_the_timeline_shows_a_restore(warm, tmp_path):
    path = tmp_path / "restore"
    result = run_hexa_os("run", "--from-snapshot", warm, "--port", free_port(), "--prompt", "Hi.", "--max-tokens", 1,
                         "--once", "--timeline", path)
    assert result.returncode == 0, result.stderr
    milestones = json.loads(path.with_suffix(".json").read_text())
    texts = [milestone["milestone"] for milestone in milestones]
    assert texts.index("snapshot checked") < texts.index("monitor started") < texts.index("ready")
    assert texts[-1] == "first token"
    times = [milestone["milliseconds"] for milestone in milestones]
    assert times == sorted(times) and times[0] >= 0
    assert path.with_suffix(".svg").read_text().startswith("<svg")


@pytest.mark.parametrize("damage, code, says", [
    ("truncate", 65, "memory: has"), ("empty", 65, "memory: is no machine's memory that was saved"),
    ("missing", 66, "memory: No such file"), ("field", 65, "snapshot.json: machine-config.vcpu_count"),
    ("edit", 65, "snapshot.json: fingerprint is not that of the other fields"),
    ("json", 65, "snapshot.json: is not JSON"), ("directory", 66, "snapshot.json: No such file"),
])
def test_a_damaged_snapshot_is_refused_with_the_file_and_the_field(warm, tmp_path, damage, code, says):
    copy = copy_of(warm, tmp_path)
    memory, manifest = copy / "memory", copy / "snapshot.json"
    content = manifest.read_text()
    if damage == "truncate":
        os.truncate(memory, memory.stat().st_size - 4096)
    elif damage == "empty":
        size = memory.stat().st_size
        os.truncate(memory, 0)
        os.truncate(memory, size)
    elif damage == "missing":
        memory.unlink()
    elif damage == "field":
        manifest.write_text(content.replace('"vcpu_count": ', '"vcpu_count": 9'))
    elif damage == "edit":
        manifest.write_text(content.replace(MODEL_NAME, "another"))
    elif damage == "json":
        manifest.write_text(content[:-3])
    else:
        shutil.rmtree(copy)
    assert_refused(refusal(copy), code, says)


def assert_refused(result, code, says):
    status, line = result
    assert says in line, line
    assert status == code, line


def test_a_model_that_has_changed_is_refused(packed, tmp_path):
    model = tmp_path / "model.hxm"
    shutil.copy(packed, model)
    directory = tmp_path / "snapshot"
    assert run_hexa_os("snapshot", model, "--to", directory, timeout=120).returncode == 0
    with model.open("r+b") as file:
        file.seek(100)
        byte = file.read(1)[0]
        file.seek(100)
        file.write(bytes([byte ^ 1]))
    assert_refused(refusal(directory), 65, f"fingerprint of {model} is not the file's")
    model.unlink()
    assert_refused(refusal(directory), 66, str(model))


def test_a_snapshot_is_not_overwritten_unless_asked(warm, packed):
    before = digests(warm)
    result = run_hexa_os("snapshot", packed, "--to", warm)
    assert result.returncode == 73 and "--force" in result.stderr
    assert digests(warm) == before
    assert [path.name for path in warm.parent.iterdir()] == [warm.name]


@pytest.mark.parametrize("options", [["--cpus", "1"], ["--law", "raw.json"], [str(MODEL)], ["--replicas", "2"]])
def test_what_a_snapshot_has_settled_is_not_asked_for_again(warm, options):
    result = run_hexa_os("run", "--from-snapshot", warm, *options)
    assert result.returncode == 64, result.stderr
    assert result.stderr.startswith("Error:") and "hexa-vmm" not in result.stderr
    assert not monitors_of(warm)


def monitors_of(directory):
    """The monitors that prepare or run a machine of a snapshot; those that were killed are given a moment to go."""
    for _ in range(50):
        found = [path for path in Path("/proc").glob("[0-9]*/cmdline") if names(path, str(directory).encode())]
        if not found:
            break
        time.sleep(0.02)
    return found


def names(command_line, directory):
    try:
        words = command_line.read_bytes().split(b"\0")
    except OSError:
        return False
    return words[0].endswith(b"/hexa-vmm") and directory in words


@pytest.mark.parametrize("configuration, code", [("", 0), ("{", 65)])
def test_a_monitor_that_has_prepared_a_machine_in_vain_ends(warm, configuration, code):
    result = subprocess.run([HEXA_OS.with_name("hexa-vmm"), "--prepare", warm, "--config-file", "/dev/stdin"],
                            input=configuration, capture_output=True, text=True, timeout=30)
    assert result.returncode == code, result.stderr
    assert len(result.stderr.splitlines()) == (code != 0)


@pytest.mark.parametrize("option", [["--from-snapshot={}"], ["--from-snapshot", "{}", "--stats"]])
def test_a_snapshot_is_found_however_it_is_given(warm, option):
    result = run_hexa_os("run", *(word.format(warm) for word in option), "--port", free_port(), "--prompt", "Hello",
                         "--max-tokens", "2", "--once")
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()
    assert ("accesses to ports and registers" in result.stderr) == ("--stats" in option)


def test_a_machine_starts_from_a_snapshot_on_a_socket_that_is_handed_over(warm):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        result = run_hexa_os("run", "--from-snapshot", warm, "--listen-fd", listener.fileno(), "--prompt", "Hello",
                             "--max-tokens", "2", "--once", descriptors=[listener.fileno()])
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


def test_the_console_of_any_other_machine_refuses(packed, start_guest, tmp_path):
    guest = start_guest(accelerator="hexa-vmm", model=packed).wait_ready()
    (monitor,) = [int(child) for child in
                  open(f"/proc/{guest.process.pid}/task/{guest.process.pid}/children").read().split()]
    # hexa-os holds the writing end of the monitor's console.
    pipe = os.readlink(f"/proc/{monitor}/fd/0")
    for number in os.listdir(f"/proc/{guest.process.pid}/fd"):
        path = f"/proc/{guest.process.pid}/fd/{number}"
        if os.readlink(path) == pipe:
            with open(path, "wb", buffering=0) as console:
                console.write(b"snapshot\n")
    deadline = time.monotonic() + 20
    while "snapshot: refused" not in guest.console():
        assert time.monotonic() < deadline, guest.console()
        time.sleep(0.02)
    assert text(complete(guest.port, tokens=4))
