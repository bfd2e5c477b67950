"""The programs of examples/ in the machine, and programs that mean no good."""

import json
import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import ROOT_KEY, USER_KEY
from guest import ROOT
from raw_http import Client
from test_law import ask

EXAMPLES = ROOT / "examples"
HEXA = ROOT / "build" / "hexa"


def install(guest, name, source):
    return ask(guest, "POST", f"/v1/programs/{name}", ROOT_KEY, body=source.encode())


def invoke(guest, name, request, headers=ROOT_KEY):
    return ask(guest, "POST", f"/v1/programs/{name}/invoke", headers, body=request.encode())


@pytest.fixture(params=["two_step", "router", "stream", "choose", "best_of_n"])
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


def test_a_choice_is_one_of_the_choices_and_the_likeliest(lawful):
    install(lawful, "choose", (EXAMPLES / "choose.hexa").read_text())
    assert invoke(lawful, "choose", "What is the capital of France?\nBerlin\nParis\nMadrid").body == b"Paris"
    assert invoke(lawful, "choose", "What colour is the sky on a clear day?\ngreen\nblue").body == b"blue"
    assert b"a line each" in invoke(lawful, "choose", "nothing").body


def prefix_hits(guest):
    text = ask(guest, "GET", "/metrics", ROOT_KEY).body.decode()
    return float(re.search(r"^hexa_prefix_hit_tokens_total ([0-9.e+]+)$", text, re.MULTILINE)[1])


def test_the_best_of_four_answers_share_one_computed_question(lawful):
    install(lawful, "best_of_n", (EXAMPLES / "best_of_n.hexa").read_text())
    question = "Which animal is known as the king of the jungle, and lives in Africa? " * 4
    before = prefix_hits(lawful)
    lines = invoke(lawful, "best_of_n", question).body.decode().splitlines()
    assert len(lines) == 4
    scores = [float(line[2:].split()[0]) for line in lines]
    assert [line[0] for line in lines].count("*") == 1
    assert max(scores) == scores[[line[0] for line in lines].index("*")]
    # Every token of every answer finds the question, more than 60 tokens, as it was left.
    assert prefix_hits(lawful) - before > 4 * 60
    assert invoke(lawful, "best_of_n", question).body.decode().splitlines() == lines


def test_a_program_has_its_own_rights_and_not_its_callers(lawful):
    install(lawful, "stream", 'println(try { fs_write("/fs/x", "1"); "written" } catch e { e.kind })')
    assert invoke(lawful, "stream", "").body == b"EPERM\n"
    assert ask(lawful, "POST", "/v1/programs/stream/invoke", USER_KEY).status == 403
    greedy = install(lawful, "stream", '@law("write", "/fs/x")\nfn main() { }')
    assert greedy.status == 403 and "write /fs/x" in greedy.error["message"]


def test_a_denied_call_is_an_eperm_value_a_403_and_a_record_of_each(lawful):
    source = 'try { fs_read("/fs/secret") } catch e { println(e.kind, e.message) }'
    assert install(lawful, "stream", source).status == 200
    value = invoke(lawful, "stream", "").body.decode()
    assert value.startswith("EPERM ") and '"read" on /fs/secret' in value
    over_http = ask(lawful, "POST", "/v1/programs/stream/invoke", USER_KEY)
    assert over_http.status == 403 and over_http.error["code"] == "permission_denied"
    lines = ask(lawful, "GET", "/v1/law/growth", ROOT_KEY).body.splitlines()
    records = [json.loads(line) for line in lines[-3:-1]]
    assert [(record["event"], record["subject"], record["ops"], record["target"]) for record in records] == [
        ("denied", "stream", ["read"], "/fs/secret"), ("denied", "user", ["exec"], "/program/stream")]


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


@pytest.mark.heavy
def test_endless_programs_are_stopped_with_their_reason(lawful):
    install(lawful, "stream", "while true { }")
    with ThreadPoolExecutor() as pool:
        ends = list(pool.map(lambda _: invoke(lawful, "stream", ""), range(2)))
    for end in ends:
        assert end.status == 500 and "fuel: " in end.error["message"], end.body


@pytest.mark.parametrize("source, reason", [
    ("fn f(n) { f(n + 1) }\nf(0)", "depth"), ("let mut a = []\nwhile true { a.push([0; 1000]) }", "memory"),
])
def test_what_recurses_or_allocates_for_ever_is_stopped_with_its_reason(lawful, source, reason):
    install(lawful, "stream", source)
    end = invoke(lawful, "stream", "")
    assert end.status == 500 and reason in end.error["message"], end.body


def run_there(guest, *arguments, key="root-key", stdin=""):
    return subprocess.run([HEXA, "run", "--appliance", guest.url, *arguments], input=stdin, capture_output=True,
                          text=True, timeout=120, env={**os.environ, "HEXA_API_KEY": key})


def test_the_command_runs_a_program_there_and_leaves_nothing(lawful, tmp_path):
    ask(lawful, "DELETE", "/v1/programs/stream", ROOT_KEY)
    result = run_there(lawful, "--request", "-", EXAMPLES / "stream.hexa", stdin="Name three colours.")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == result.stdout.upper() and len(result.stdout) > 10
    program = tmp_path / "mine.hexa"
    program.write_text("println(args(), request().len())\nif args().len() > 2 { throw \"enough\" }\n")
    result = run_there(lawful, "--name", "stream", program, "a b&c")
    assert (result.stdout, result.returncode) == ("[stream, a b&c] 0\n", 0)
    late = run_there(lawful, "--name", "stream", program, "--loud", "ü")
    assert late.returncode == 1 and late.stdout.startswith("[stream, --loud, ü] 0\n\nerror: ")
    program.write_text("let xs = []\nxs[3]")
    failed = run_there(lawful, "--name", "stream", program)
    assert failed.returncode == 1 and "index 3 is outside" in failed.stderr and failed.stdout == ""
    assert ask(lawful, "GET", "/v1/programs/stream", ROOT_KEY).status == 404


def test_the_command_neither_replaces_a_program_nor_runs_what_the_law_does_not_grant(lawful, tmp_path):
    install(lawful, "stream", "println(1)")
    taken = run_there(lawful, EXAMPLES / "stream.hexa")
    assert taken.returncode == 77 and "installed already" in taken.stderr
    assert invoke(lawful, "stream", "").body == b"1\n"
    assert run_there(lawful, EXAMPLES / "stream.hexa", key="user-key").returncode == 77
    stranger = tmp_path / "stranger.hexa"
    stranger.write_text("println(1)")
    unknown = run_there(lawful, stranger)
    assert unknown.returncode == 77 and "names no program stranger" in unknown.stderr
    assert run_there(lawful, "--strict", tmp_path / "nowhere.hexa").returncode == 2


def test_an_interrupted_command_takes_its_program_away(lawful, tmp_path):
    ask(lawful, "DELETE", "/v1/programs/stream", ROOT_KEY)
    program = tmp_path / "stream.hexa"
    program.write_text("respond(\"on\")\nwhile true { }")
    with subprocess.Popen([HEXA, "run", "--appliance", lawful.url, program], stdout=subprocess.PIPE,
                          env={**os.environ, "HEXA_API_KEY": "root-key"}) as command:
        assert command.stdout.read(2) == b"on"
        command.send_signal(signal.SIGINT)
        assert command.wait(timeout=20) == 130
    assert ask(lawful, "GET", "/v1/programs/stream", ROOT_KEY).status == 404


def test_source_with_an_error_is_refused_with_its_place(lawful):
    refused = install(lawful, "stream", "let x = \n")
    assert refused.status == 400 and "stream.hexa:" in refused.error["message"]
