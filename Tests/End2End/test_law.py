"""raw.json end to end: handed to the machine, in force, recorded, verified, replaced. One machine serves them all."""

import hashlib
import json
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import AUDIT_KEY, BEST_ACCELERATOR, ROOT_KEY, USER_KEY
from guest import HEXA_OS, MODEL, ROOT, free_port, run_hexa_os, run_hexa_serve
from raw_http import Client

LAW = json.loads((ROOT / "examples" / "raw.json").read_text())


def ask(guest, method, path, headers, **body):
    with Client(guest.port) as client:
        return client.request(method, path, headers=headers, **body)


def law_command(guest, *arguments):
    environment = {"HEXA_API_KEY": "root-key", "HEXA_AUDIT_KEY": AUDIT_KEY}
    return run_hexa_os("law", *arguments, "--url", guest.url, env=environment)


def test_the_examples_keys_are_the_documented_ones():
    for name, key in [("root", "root-key"), ("user", "user-key")]:
        assert LAW["subjects"][name]["key_sha256"] == hashlib.sha256(key.encode()).hexdigest()


def test_a_key_may_do_what_it_is_granted_and_nothing_else(lawful):
    completion = {"prompt": "Hello", "max_tokens": 1}
    assert ask(lawful, "POST", "/v1/completions", USER_KEY, json=completion).status == 200
    assert ask(lawful, "POST", "/v1/completions", {}, json=completion).status == 401
    for method, path in [("GET", "/metrics"), ("GET", "/v1/law"), ("GET", "/v1/law/growth"), ("GET", "/v1/programs")]:
        response = ask(lawful, method, path, USER_KEY)
        assert response.status == 403 and response.error["code"] == "permission_denied"


def test_denials_are_recorded_verified_explained_and_turned_into_a_proposal(lawful, tmp_path):
    ask(lawful, "GET", "/metrics", USER_KEY)
    log = law_command(lawful, "log")
    assert log.returncode == 0, log.stderr
    records = tmp_path / "growth.ndjson"
    records.write_text(log.stdout)
    verified = run_hexa_os("law", "verify", records, env={"HEXA_AUDIT_KEY": AUDIT_KEY})
    assert verified.returncode == 0, verified.stderr
    last = json.loads(log.stdout.splitlines()[-2])
    assert last["subject"] == "user" and last["target"] == "/system/metrics" and last["ops"] == ["read"]

    law = ROOT / "examples" / "raw.json"
    why = run_hexa_os("law", "why", last["sequence"], records, "--law", law)
    assert "no grant of user covers it" in why.stdout
    proposal = json.loads(run_hexa_os("law", "suggest", records, "--law", law).stdout)
    assert proposal["subjects"]["user"]["grants"]["/system/metrics"] == ["read"]

    altered = tmp_path / "altered.ndjson"
    altered.write_text(log.stdout.replace('"subject":"user"', '"subject":"root"', 1))
    refused = run_hexa_os("law", "verify", altered)
    assert refused.returncode == 65 and "has been altered" in refused.stderr
    cut = tmp_path / "cut.ndjson"
    cut.write_text("\n".join(log.stdout.splitlines()[:-2] + log.stdout.splitlines()[-1:]))
    assert run_hexa_os("law", "verify", cut).returncode == 65
    wrong_key = run_hexa_os("law", "verify", records, env={"HEXA_AUDIT_KEY": "another"})
    assert wrong_key.returncode == 65 and "not the audit key's" in wrong_key.stderr


def test_the_growth_bus_is_followed_live(lawful):
    with Client(lawful.port) as follower:
        follower.send_request("GET", "/v1/law/growth?follow=1", headers=ROOT_KEY)
        status, _, _ = follower.receive_head()
        chunks = follower.chunks()
        so_far = json.loads(next(chunks).splitlines()[-1])
        assert status == 200 and "sequence" in json.dumps(so_far)
        for _ in range(3):
            ask(lawful, "GET", "/metrics", USER_KEY)
            record = json.loads(next(chunks).splitlines()[0])
            assert record["subject"] == "user" and record["target"] == "/system/metrics"
    assert ask(lawful, "GET", "/health", {}).status == 200


def test_the_command_follows_the_growth_bus(lawful):
    command = [HEXA_OS, "law", "log", "--follow", "--text", "--url", lawful.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "HEXA_API_KEY": "root-key"}) as follower:
        wanted = []
        for _ in range(2):
            ask(lawful, "GET", "/metrics", USER_KEY)
            last = json.loads(law_command(lawful, "log").stdout.splitlines()[-2])
            wanted.append(f"{last['sequence']} denied user read /system/metrics (not granted)\n")
        lines = iter(follower.stdout.readline, "")
        for line in wanted:
            assert line in lines
        assert follower.poll() is None
        # Not SIGINT: children of a shell's background job ignore it.
        follower.terminate()
        assert follower.wait(timeout=10) == -signal.SIGTERM


def test_the_law_is_replaced_while_serving_and_rolled_back(lawful, tmp_path):
    changed = json.loads(json.dumps(LAW))
    changed["version"] = 2
    changed["subjects"]["user"]["grants"]["/system/metrics"] = ["read"]
    path = tmp_path / "raw.json"
    path.write_text(json.dumps(changed))
    assert ask(lawful, "GET", "/metrics", USER_KEY).status == 403
    rehearsal = law_command(lawful, "replace", path, "--dry-run")
    assert "granted: user read /system/metrics" in rehearsal.stdout, rehearsal.stderr
    assert ask(lawful, "GET", "/metrics", USER_KEY).status == 403
    assert law_command(lawful, "replace", path).returncode == 0
    assert ask(lawful, "GET", "/metrics", USER_KEY).status == 200
    again = law_command(lawful, "replace", path)
    assert again.returncode == 77 and "must be above 2" in again.stderr
    assert law_command(lawful, "replace", "--rollback").returncode == 0
    assert ask(lawful, "GET", "/metrics", USER_KEY).status == 403
    check = law_command(lawful, "check", "user", "/model/default", "infer")
    assert check.returncode == 0 and "granted" in check.stdout


@pytest.mark.heavy
def test_a_heavier_key_gets_its_share(start_guest, tmp_path):
    """Two keys want more than there is; one has four times the other's weight."""
    law = {"format": 1, "subjects": {
        name: {"kind": "key", "key_sha256": hashlib.sha256(name.encode()).hexdigest(), "weight": weight,
               "grants": {"/model/**": ["infer"]}} for name, weight in [("heavy", 4), ("light", 1)]}}
    path = tmp_path / "raw.json"
    path.write_text(json.dumps(law))
    guest = start_guest("--law", path, "--sequences", "5").wait_ready()
    end = time.monotonic() + 6
    finished = {"heavy": 0, "light": 0}

    def keep_asking(name):
        completion = {"prompt": f"A {name} one", "max_tokens": 16, "temperature": 0, "ignore_eos": True}
        while time.monotonic() < end:
            response = ask(guest, "POST", "/v1/completions", {"Authorization": f"Bearer {name}"}, json=completion)
            assert response.status == 200
            if time.monotonic() < end:
                finished[name] += 1

    with ThreadPoolExecutor(16) as pool:
        for asking in [pool.submit(keep_asking, name) for name in ["heavy", "light"] * 8]:
            asking.result()
    assert finished["light"] > 0 and 2.5 < finished["heavy"] / finished["light"] < 6, finished


def strict_law(folder):
    """One program that learns, and a bus of eight records of which none may be lost."""
    law = {"format": 1, "growth": {"records": 8, "when_full": "deny"}, "subjects": {
        "root": LAW["subjects"]["root"], "user": {**LAW["subjects"]["user"], "grants": {"/system/*": ["read"]}},
        "student": {"kind": "program", "learning": True, "grants": {"/request": ["read", "write"]}}}}
    path = folder / "raw.json"
    path.write_text(json.dumps(law))
    return path


def test_a_program_learns_and_without_room_for_records_there_is_no_leave(start_guest, tmp_path):
    path = strict_law(tmp_path)
    guest = start_guest("--law", path, api_key="root-key").wait_ready()
    source = b'fs_write("/fs/note", "learnt")\nprintln(fs_read("/fs/note"))'
    assert ask(guest, "POST", "/v1/programs/student", ROOT_KEY, body=source).status == 200
    assert ask(guest, "POST", "/v1/programs/student/invoke", ROOT_KEY).body == b"learnt\n"
    records = tmp_path / "growth.ndjson"
    records.write_text(law_command(guest, "log").stdout)
    learned = [json.loads(line) for line in records.read_text().splitlines()[:-1]]
    assert [(record["event"], record["ops"]) for record in learned] == [("learned", ["write"]), ("learned", ["read"])]
    proposal = json.loads(run_hexa_os("law", "suggest", records, "--law", path).stdout)
    assert sorted(proposal["subjects"]["student"]["grants"]["/fs/note"]) == ["read", "write"]

    assert ask(guest, "GET", "/metrics", USER_KEY).status == 200
    for _ in range(8):
        assert ask(guest, "GET", "/v1/law", USER_KEY).status == 403
    # Nobody has read the eight: what was granted a moment ago is denied, but for reading them.
    assert ask(guest, "GET", "/metrics", USER_KEY).status == 403
    head = json.loads(law_command(guest, "log").stdout.splitlines()[-1])
    assert law_command(guest, "log", "--after", head["head"]["sequence"]).returncode == 0
    assert ask(guest, "GET", "/metrics", USER_KEY).status == 200


def test_a_law_that_is_none_is_refused_before_the_boot_with_its_place(tmp_path):
    path = tmp_path / "raw.json"
    path.write_text('{"format": 1,\n "subjects": {"a": {"kind": "key"}}}')
    result = run_hexa_os("run", MODEL, "--port", free_port(), "--law", path)
    assert result.returncode == 65
    assert f"{path}:2:15: subjects.a: \"key_sha256\" is missing" in result.stderr


def test_the_law_and_its_programs_need_no_kvm(start_guest):
    guest = start_guest("--law", ROOT / "examples" / "raw.json", accelerator="tcg", api_key="root-key").wait_ready()
    assert ask(guest, "GET", "/metrics", USER_KEY).status == 403
    router = (ROOT / "examples" / "router.hexa").read_bytes()
    assert ask(guest, "POST", "/v1/programs/router", ROOT_KEY, body=router).status == 200
    assert ask(guest, "POST", "/v1/programs/router/invoke", USER_KEY, body=b"sum 2 and 40").body == b"tool: 42"


def test_the_ordinary_process_obeys_the_same_law(start_process, tmp_path):
    server = start_process("--law", ROOT / "examples" / "raw.json").wait_ready()
    assert ask(server, "GET", "/metrics", USER_KEY).status == 403
    assert ask(server, "GET", "/metrics", ROOT_KEY).status == 200
    assert ask(server, "GET", "/v1/models", {}).status == 401
    source = b"println(try { fs_read('/fs/x') } catch e { e.kind })".replace(b"'", b'"')
    assert ask(server, "POST", "/v1/programs/stream", ROOT_KEY, body=source).status == 200
    assert ask(server, "POST", "/v1/programs/stream/invoke", ROOT_KEY).body == b"EPERM\n"
    path = tmp_path / "raw.json"
    path.write_text("{}")
    refused = run_hexa_serve(MODEL, "--port", free_port(), "--law", path)
    assert refused.returncode == 65 and f"{path}:1:1: " in refused.stderr


def test_the_kernel_refuses_a_law_it_cannot_read(tmp_path):
    """The file changes between the launcher's look and the boot: the machine must not come up unrestricted."""
    path = tmp_path / "raw.json"
    path.write_text(json.dumps(LAW))
    printed = run_hexa_os("run", MODEL, "--port", free_port(), "--accel", BEST_ACCELERATOR, "--law", path,
                          "--print-command", "--json")
    command = json.loads(printed.stdout)
    path.write_text(json.dumps(LAW).replace('"kind"', '"kinds"', 1))
    machine = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert machine.returncode == 0x11 << 1 | 1
    assert "law: raw.json:1:" in machine.stdout
