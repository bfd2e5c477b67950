"""The programs of examples/ in the machine, and programs that mean no good."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import ROOT_KEY, USER_KEY
from guest import ROOT
from raw_http import Client
from test_law import ask

EXAMPLES = ROOT / "examples"


def install(guest, name, source):
    return ask(guest, "POST", f"/v1/programs/{name}", ROOT_KEY, body=source.encode())


def invoke(guest, name, request, headers=ROOT_KEY):
    return ask(guest, "POST", f"/v1/programs/{name}/invoke", headers, body=request.encode())


@pytest.fixture(params=["two_step", "router", "stream"])
def example(request, lawful):
    source = (EXAMPLES / f"{request.param}.hexa").read_text()
    response = install(lawful, request.param, source)
    assert response.status == 200, response.body
    return request.param


def test_an_example_installs_with_the_needs_it_declares(lawful, example):
    listed = ask(lawful, "GET", f"/v1/programs/{example}", ROOT_KEY).json
    assert {"op": "infer", "target": "/model/default"} in listed["needs"]


def test_the_summariser_goes_two_steps(lawful):
    install(lawful, "two_step", (EXAMPLES / "two_step.hexa").read_text())
    answer = invoke(lawful, "two_step", "Cats sleep a lot. Dogs like walks. Fish need water.")
    assert answer.status == 200
    points, _, summary = answer.body.decode().partition("\nsummary: ")
    assert points.startswith("points: ") and len(points) > 20 and len(summary) > 10


def test_the_router_answers_from_tool_model_and_cache(lawful):
    install(lawful, "router", (EXAMPLES / "router.hexa").read_text())
    assert invoke(lawful, "router", "sum 2 and 40", USER_KEY).body == b"tool: 42"
    first = invoke(lawful, "router", "What is the capital of France?", USER_KEY).body
    assert first.startswith(b"model: ") and b"Paris" in first
    second = invoke(lawful, "router", "What is the capital of France?", USER_KEY).body
    assert second == first.replace(b"model: ", b"cache: ", 1)


def test_the_stream_arrives_in_pieces(lawful):
    install(lawful, "stream", (EXAMPLES / "stream.hexa").read_text())
    with Client(lawful.port) as client:
        client.send_request("POST", "/v1/programs/stream/invoke", body=b"Name three colours.", headers=ROOT_KEY)
        status, _, headers = client.receive_head()
        pieces = list(client.chunks())
    assert status == 200 and headers["content-type"].startswith("text/plain")
    text = b"".join(pieces).decode()
    assert len(pieces) > 3 and text == text.upper() and len(text) > 10


def test_a_program_has_its_own_rights_and_not_its_callers(lawful):
    install(lawful, "stream", 'println(try { fs_write("/fs/x", "1"); "written" } catch e { e.kind })')
    assert invoke(lawful, "stream", "").body == b"EPERM\n"
    assert ask(lawful, "POST", "/v1/programs/stream/invoke", USER_KEY).status == 403
    greedy = install(lawful, "stream", '@law("write", "/fs/x")\nfn main() { }')
    assert greedy.status == 403 and "write /fs/x" in greedy.error["message"]


@pytest.mark.parametrize("source", [
    "while true { }", "fn f(n) { f(n + 1) }\nf(0)", "let mut a = []\nwhile true { a.push([0; 1000]) }",
    "let xs = []\nprintln(xs[9])", "throw \"no\"",
])
def test_a_bad_program_harms_nobody(lawful, source):
    assert install(lawful, "stream", source).status == 200
    with ThreadPoolExecutor() as pool:
        with Client(lawful.port) as looping:
            looping.send_request("POST", "/v1/programs/stream/invoke", body=b"", headers=ROOT_KEY)
            started = time.monotonic()
            others = [pool.submit(ask, lawful, "POST", "/v1/completions", USER_KEY,
                                  json={"prompt": "Hello", "max_tokens": 8}) for _ in range(3)]
            assert all(other.result().status == 200 for other in others)
            assert time.monotonic() - started < 30
    assert ask(lawful, "GET", "/health", {}).status == 200


def test_source_with_an_error_is_refused_with_its_place(lawful):
    refused = install(lawful, "stream", "let x = \n")
    assert refused.status == 400 and "stream.hexa:" in refused.error["message"]
