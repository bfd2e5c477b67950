"""The forward pass on several cores of the machine: the same answers, and cores that rest when nobody asks."""

import time
from pathlib import Path

import pytest

from guest import children
from raw_http import Client

PROMPT = "The three primary colours are"


def greedy_text(guest):
    with Client(guest.port, timeout=300) as client:
        body = {"prompt": PROMPT, "max_tokens": 24, "temperature": 0}
        answer = client.request("POST", "/v1/completions", json=body)
    assert answer.status == 200, answer.body
    return answer.json["choices"][0]["text"]


@pytest.mark.heavy
def test_two_cores_say_what_one_says(start_guest):
    texts = []
    for cores in (1, 2):
        guest = start_guest("--cpus", cores, "--verbose").wait_ready()
        texts.append(greedy_text(guest))
        assert f"{cores} of {cores} cores" in guest.console()
        assert f"on {cores} core" in guest.console(), "the model's line says how many cores compute"
        guest.__exit__()
    assert texts[0] == texts[1]


def processor_seconds(pid):
    """User and system time of a process, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.mark.heavy
def test_lanes_rest_when_nobody_asks(start_guest):
    guest = start_guest("--cpus", 2).wait_ready()
    greedy_text(guest)
    machine = children(guest.process.pid)[0]
    time.sleep(0.2)
    before = processor_seconds(machine)
    time.sleep(2)
    assert processor_seconds(machine) - before < 0.4, "an idle machine's cores are halted"
    assert greedy_text(guest), "and are woken again"
