"""hexa-serve as a person and a service manager meet it: help, one line for each mistake, and an end in good order."""

import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from guest import MODEL, MODEL_NAME, free_port, run_hexa_serve
from raw_http import Client

LONG = {"prompt": "Once upon a time", "max_tokens": 60, "temperature": 0, "ignore_eos": True}


def test_help_teaches_by_example():
    result = run_hexa_serve("--help")
    assert result.returncode == 0
    for word in ["EXAMPLES", "EXIT CODES", "--host", "--port", "--context", "--sequences", "--api-key"]:
        assert word in result.stdout


@pytest.mark.parametrize("arguments", [
    [], [MODEL, "--port", "0"], [MODEL, "--port", "70000"], [MODEL, "--context", "0"], [MODEL, "--sequences", "-1"],
    [MODEL, "--sequences", "100000"], [MODEL, "--api-key", "two words"], [MODEL, "--warp"],
    [MODEL, "--host", "nowhere.invalid"],
])
def test_wrong_usage_exits_with_64(arguments):
    result = run_hexa_serve(*arguments)
    assert result.returncode == 64
    assert result.stdout == "" and result.stderr


def test_a_bad_model_is_one_line_naming_field_and_offset(tmp_path):
    path = tmp_path / "bad.gguf"
    path.write_bytes(MODEL.read_bytes()[:-1])
    result = run_hexa_serve(path)
    assert result.returncode == 65
    assert result.stderr.startswith(f"error: {path} cannot be served: ") and "truncated" in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_unreadable_model_exits_with_66():
    result = run_hexa_serve("/nowhere/model.gguf")
    assert result.returncode == 66
    assert result.stderr.startswith("error: cannot read /nowhere/model.gguf: ") and result.stderr.count("\n") == 1


def test_a_taken_port_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        result = run_hexa_serve(MODEL, "--port", port)
    assert result.returncode == 73
    assert result.stderr == f"error: port {port} of 127.0.0.1 is taken: choose another with --port\n"


def test_an_address_of_another_machine_is_one_line():
    port = free_port()
    result = run_hexa_serve(MODEL, "--port", port, "--host", "192.0.2.1")
    assert result.returncode == 73
    assert result.stderr.startswith(f"error: port {port} of 192.0.2.1 cannot be used (")


def test_the_name_and_the_key_are_the_owners(start_process):
    process = start_process("--name", "mine", api_key="secret").wait_ready()
    with Client(process.port) as client:
        assert client.request("GET", "/v1/models").status == 401
        answer = client.request("GET", "/v1/models", headers={"Authorization": "Bearer secret"})
        assert [model["id"] for model in answer.json["data"]] == ["mine"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_idle_process_ends_at_once(start_process, number):
    process = start_process().wait_ready()
    with Client(process.port):
        started = time.monotonic()
        assert process.stop(number) == 0
    assert time.monotonic() - started < 2
    assert "stopped" in process.console()


def test_a_drain_answers_what_is_under_way_and_refuses_the_rest(start_process):
    process = start_process().wait_ready()
    with ThreadPoolExecutor(1) as pool, Client(process.port) as idle, Client(process.port) as busy:
        idle.request("GET", "/health")
        busy.send_request("POST", "/v1/completions", json={**LONG, "stream": True})
        busy.receive_head()
        events = busy.events()
        next(events)
        ending = pool.submit(process.stop, signal.SIGTERM)
        assert idle.is_closed(), "an idle connection closes when the drain begins"
        with pytest.raises(ConnectionError):
            Client(process.port)
        # The first token has been taken; the last event is the reason for the end.
        assert sum(1 for event in events if event["choices"][0]["text"]) >= LONG["max_tokens"] - 2
        assert ending.result() == 0


def test_a_second_signal_does_not_wait(start_process):
    process = start_process().wait_ready()
    with Client(process.port) as client:
        client.send_request("POST", "/v1/completions", json={**LONG, "max_tokens": 3_000, "stream": True})
        client.receive_head()
        next(client.events())
        process.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        assert process.process.poll() is None, "the first signal waits for the answer"
        started = time.monotonic()
        process.stop(signal.SIGTERM)
        assert time.monotonic() - started < 2


def test_it_serves_the_model_it_was_given(start_process):
    process = start_process("--context", "256", "--sequences", "2").wait_ready()
    with Client(process.port) as client:
        card = client.request("GET", "/v1/models").json["data"][0]
        assert card["id"] == MODEL_NAME
        body = {"prompt": "The capital of France is", "max_tokens": 1, "temperature": 0}
        assert client.request("POST", "/v1/completions", json=body).json["choices"][0]["text"] == " Paris"
        assert client.request("POST", "/v1/completions", json={**body, "max_tokens": 300}).status in (200, 400)
        assert client.request("POST", "/v1/completions", json={"prompt": [5] * 300}).status == 400
