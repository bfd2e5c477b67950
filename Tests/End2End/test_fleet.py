"""`hexa-os serve` and `run --replicas`: machines that start when asked, give way, stop, fail and are replaced."""

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import openai
import pytest

from conftest import BEST_ACCELERATOR
from guest import (
    HEXA_OS, MODEL, READY_TIMEOUT_SECONDS, Served, children_of_all_threads, descendants, free_port, is_running,
    run_hexa_os, run_to_end, wait_until)
from raw_http import Client

# Each test starts machines and some load two at once: minutes each under TCG.
pytestmark = pytest.mark.heavy

SMALL = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 4, "temperature": 0}


class Fleet(Served):
    """A fleet and what `hexa-os ps` says about it."""

    def __init__(self, *words, log_path, api_key=None):
        super().__init__([HEXA_OS, *words, "--accel", BEST_ACCELERATOR], log_path=log_path, api_key=api_key,
                         ready_timeout=READY_TIMEOUT_SECONDS[BEST_ACCELERATOR])

    def client(self, key="not-needed"):
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0, timeout=120)

    def ask(self, model, **options):
        with self.client() as client:
            return client.chat.completions.create(model=model, **{**SMALL, **options})

    def overview(self):
        result = run_hexa_os("ps", "--json", "--port", self.port)
        assert result.returncode == 0, result.stderr
        (fleet,) = json.loads(result.stdout)
        return {model["name"]: model for model in fleet["models"]}

    def states(self):
        return {name: model["state"] for name, model in self.overview().items()}


@pytest.fixture
def start_fleet(tmp_path, monkeypatch):
    """Starts fleets that end with the test, with a runtime directory of their own."""
    fleets = []
    with tempfile.TemporaryDirectory(prefix="hexa") as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)

        def start(*words, **keywords):
            fleet = Fleet(*words, log_path=tmp_path / f"fleet-{len(fleets)}.log", **keywords)
            fleets.append(fleet)
            return fleet.wait_ready()

        yield start
        for fleet in fleets:
            fleet.__exit__()


@pytest.fixture
def models(tmp_path):
    """A folder with one model under two names."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ["alpha", "beta"]:
        (folder / f"{name}.gguf").symlink_to(MODEL)
    return folder


def test_a_request_that_finds_nothing_running_is_answered(start_fleet, models):
    fleet = start_fleet("serve", models)
    with fleet.client() as client:
        listed = {model.id: model.state for model in client.models.list()}
        assert listed == {"alpha": "stopped", "beta": "stopped"}
        assert descendants(fleet.process.pid) == []
        answer = client.chat.completions.create(model="alpha", **SMALL)
        assert answer.model == "alpha" and answer.choices[0].message.content
        pieces = list(client.chat.completions.create(model="alpha", stream=True, **SMALL))
        assert len(pieces) >= 4, "an answer that is streamed comes in pieces"
        assert client.models.retrieve("alpha").state == "ready"
        with pytest.raises(openai.NotFoundError, match='did you mean "alpha"'):
            client.chat.completions.create(model="alhpa", **SMALL)


def test_the_second_model_takes_the_place_of_the_first(start_fleet, models):
    fleet = start_fleet("serve", models, "--max-resident", "1")
    for model in ["alpha", "beta"]:
        assert fleet.ask(model).model == model
    assert fleet.states() == {"alpha": "stopped", "beta": "ready"}
    assert len(children_of_all_threads(fleet.process.pid)) == 1


def test_an_idle_machine_stops_and_comes_back(start_fleet, models):
    fleet = start_fleet("serve", models, "--idle-timeout", "300ms")
    fleet.ask("alpha")
    wait_until(lambda: not descendants(fleet.process.pid), 20, "the idle stop")
    assert fleet.states()["alpha"] == "stopped"
    assert fleet.ask("alpha").choices


def test_a_start_that_fails_is_told_to_whoever_waits(start_fleet, models):
    (models / "broken.gguf").write_bytes(MODEL.read_bytes()[:5_000_000])
    fleet = start_fleet("serve", models)
    with pytest.raises(openai.InternalServerError) as failure:
        fleet.ask("broken")
    assert failure.value.status_code == 503
    assert 'The machine of "broken" did not start:' in failure.value.message and "truncated" in failure.value.message
    assert int(failure.value.response.headers["retry-after"]) >= 1
    assert fleet.states()["broken"] == "failed"
    assert "truncated" in run_hexa_os("logs", "broken").stdout


def test_stop_ends_a_machine_and_names_what_may_have_been_meant(start_fleet, models):
    fleet = start_fleet("serve", models)
    fleet.ask("alpha")
    result = run_hexa_os("stop", "alpha", "--json")
    assert (result.returncode, result.stdout) == (0, '{"stopped":"alpha"}\n')
    assert fleet.states()["alpha"] == "stopped" and descendants(fleet.process.pid) == []
    result = run_hexa_os("stop", "alpa")
    assert (result.returncode, result.stderr) == (69, "error: there is no model alpa here: did you mean alpha?\n")


def test_one_page_has_the_metrics_of_the_fleet_and_of_each_machine(start_fleet, models):
    fleet = start_fleet("serve", models)
    fleet.ask("alpha")
    with Client(fleet.port) as client:
        answer = client.request("GET", "/metrics")
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.body.decode().splitlines()
    for line in ['hexa_fleet_starts_total{model="alpha"} 1', 'hexa_fleet_starts_total{model="beta"} 0',
                 'hexa_fleet_machines{model="alpha",state="ready"} 1', 'hexa_ready{model="alpha"} 1']:
        assert line in lines
    assert 'hexa_ready{model="beta"} 1' not in lines
    described = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert len(described) == len(set(described)), "each metric is introduced once"


def test_a_log_is_followed_until_the_fleet_ends(start_fleet, models):
    fleet = start_fleet("serve", models)
    follower = subprocess.Popen([HEXA_OS, "logs", "--follow", "alpha"], stdout=subprocess.PIPE, text=True)
    try:
        fleet.ask("alpha")
        assert follower.stdout.readline().startswith("serving at "), "while the machine runs"
        assert fleet.stop() == 0
        rest = follower.communicate(timeout=20)[0].splitlines()
        assert rest[-1] == "powered off" and follower.returncode == 0
    finally:
        follower.kill()


def locked_kibibytes(pid):
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmLck:")]
    return int(line.split()[1])


def without_leave_to_lock(*command):
    """The same command with a limit of 1 MiB on locked memory, which root's leave would make void."""
    drop = ["setpriv", "--bounding-set", "-ipc_lock", "--inh-caps", "-ipc_lock"] if os.geteuid() == 0 else []
    return run_to_end("prlimit", "--memlock=1048576:1048576", *drop, *command)


@pytest.mark.parametrize("asked, idle_timeout, state", [
    (["alpha", "beta"], "200ms", "stopped"), (["beta"], "60s", "ready"),
])
def test_the_weights_of_the_model_that_runs_or_ran_last_stay_in_memory(
        start_fleet, models, asked, idle_timeout, state):
    fleet = start_fleet("serve", models, "--lock-weights", "--max-resident", "1", "--idle-timeout", idle_timeout)
    for model in asked:
        fleet.ask(model)
    wait_until(lambda: fleet.states()["beta"] == state, 20, f"beta's being {state}")
    size = MODEL.stat().st_size // 1024
    wait_until(lambda: size <= locked_kibibytes(fleet.process.pid) < 2 * size, 20, "one model's being locked")


def test_what_may_not_be_locked_is_told_before_anything_is_served(models):
    result = without_leave_to_lock(HEXA_OS, "serve", models, "--lock-weights", "--port", free_port())
    assert result.returncode == 78
    assert "the limit is 1 MiB" in result.stderr and "--lock-weights" in result.stderr
    assert result.stderr.count("\n") == 1


def test_more_replicas_than_memory_holds_are_refused_by_their_flag():
    result = run_hexa_os("run", MODEL, "--replicas", "10000", "--port", free_port())
    assert result.returncode == 78
    assert result.stderr.startswith("error: 10000 machines of this model need ") and "--replicas" in result.stderr


def test_a_key_is_asked_for_before_anything_starts(start_fleet, models):
    fleet = start_fleet("serve", models, api_key="secret")
    with fleet.client("wrong") as client, pytest.raises(openai.AuthenticationError):
        client.chat.completions.create(model="alpha", **SMALL)
    assert descendants(fleet.process.pid) == []
    with fleet.client("secret") as client:
        assert client.chat.completions.create(model="alpha", **SMALL).choices
    for pid in descendants(fleet.process.pid):
        assert b"secret" not in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_bodies_in_chunks_and_too_large_ones_and_clients_that_leave(start_fleet, models):
    fleet = start_fleet("serve", models)
    body = b'{"model": "alpha", "prompt": "One two", "max_tokens": 2}'
    with Client(fleet.port) as client:
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [body[:20], body[20:], b""])
        client.send(b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
        assert client.receive().status == 200
        assert client.request("GET", "/health").status == 200, "the connection stays"
    with Client(fleet.port) as client:
        client.send(b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n" + b" " * 5_000_000)
        assert client.receive().status == 413
    with Client(fleet.port) as client:
        client.send_request("POST", "/v1/completions", json={
            "model": "alpha", "prompt": "One two", "max_tokens": 2_000, "stream": True, "ignore_eos": True})
        client.receive_head()
        next(client.events())
        assert fleet.overview()["alpha"]["machines"][0]["in_flight"] == 1
    wait_until(lambda: fleet.overview()["alpha"]["machines"][0]["in_flight"] == 0, 5, "the end of the request")


def test_a_replica_that_is_killed_costs_nobody_an_answer(start_fleet):
    fleet = start_fleet("run", MODEL, "--replicas", "2")
    victims = children_of_all_threads(fleet.process.pid)
    assert len(victims) == 2
    failures, answers, killed_at = [], [], []

    def load():
        with fleet.client() as client:
            for _ in range(200):
                try:
                    answers.append(client.chat.completions.create(model=MODEL.stem, **SMALL))
                except openai.OpenAIError as error:
                    failures.append(error)
                if killed_at and time.monotonic() > killed_at[0] + 1:
                    return

    clients = [threading.Thread(target=load) for _ in range(4)]
    for client in clients:
        client.start()
    wait_until(lambda: len(answers) >= 8, 30, "the first answers")
    os.kill(victims[0], signal.SIGKILL)
    killed_at.append(time.monotonic())
    for client in clients:
        client.join()
    assert not failures, failures
    wait_until(lambda: len([m for m in fleet.overview()[MODEL.stem]["machines"] if m["state"] == "ready"]) == 2, 20,
               "the replacement")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_is_left(start_fleet, models, number):
    fleet = start_fleet("serve", models)
    fleet.ask("alpha")
    processes = descendants(fleet.process.pid)
    assert len(processes) >= 2, "hexa-os run and its virtual machine"
    fleet.process.send_signal(number)
    assert fleet.process.wait(timeout=20) == (0 if number == signal.SIGINT else -number)
    wait_until(lambda: not any(is_running(pid) for pid in processes), 5, "the end of all processes")
