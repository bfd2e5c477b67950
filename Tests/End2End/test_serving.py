"""What serving saves and promises: shared prefixes, tokens guessed ahead, early refusals."""

import threading
import time

import pytest

from raw_http import Client

SERVERS = ["hexa-os", "hexa-serve"]

STORY = ("Once upon a time, in a small village between the hills and the sea, there lived a fox who collected old "
         "clocks. Every morning the fox wound each of them, from the smallest to the largest, and listened. ")
REPEATING = "Copy: 10 20 30 40 50 60 70 80 90. 10 20 30 40 50 60 70 80 90. 10 20 30 40 50 60 70 80 90. 10 20 30"


def complete(port, prompt, **parameters):
    """The answer to a greedy completion."""
    body = {"prompt": prompt, "temperature": 0, "max_tokens": 8, **parameters}
    with Client(port, timeout=120) as client:
        response = client.request("POST", "/v1/completions", json=body)
    assert response.status == 200, response.body
    return response.json


def cached_tokens(answer):
    return answer["usage"]["prompt_tokens_details"]["cached_tokens"]


@pytest.mark.heavy
def test_a_prompt_that_came_before_is_not_computed_again(guest, metric):
    first = complete(guest.port, STORY)
    before = metric("hexa_prompt_tokens_total")
    second = complete(guest.port, STORY)
    assert cached_tokens(second) == second["usage"]["prompt_tokens"] - 1
    assert metric("hexa_prompt_tokens_total") == before + 1
    assert second["choices"][0]["text"] == first["choices"][0]["text"]


@pytest.mark.heavy
def test_choices_share_their_prompt(guest, metric):
    before = metric("hexa_prompt_tokens_total")
    answer = complete(guest.port, "Four choices of the same beginning: " + STORY, n=4)
    assert metric("hexa_prompt_tokens_total") - before <= answer["usage"]["prompt_tokens"] + 3
    assert len({choice["text"] for choice in answer["choices"]}) == 1


@pytest.mark.heavy
def test_text_that_repeats_itself_is_guessed_ahead(guest, metric):
    drafted, accepted = metric("hexa_draft_tokens_total"), metric("hexa_draft_tokens_accepted_total")
    answer = complete(guest.port, REPEATING, max_tokens=64)
    assert "40 50 60 70 80 90" in answer["choices"][0]["text"]
    assert metric("hexa_draft_tokens_total") > drafted
    assert metric("hexa_draft_tokens_accepted_total") > accepted


@pytest.mark.heavy
def test_who_would_wait_too_long_is_told_so_at_once(start_guest):
    # Time for a few of them on any processor, and for all of them on none.
    guest = start_guest("--sla-ttft-ms", "1000").wait_ready()
    complete(guest.port, STORY, max_tokens=32)
    statuses = []

    def ask(number):
        started = time.monotonic()
        with Client(guest.port, timeout=120) as client:
            response = client.request("POST", "/v1/completions", json={
                "prompt": f"Number {number}. " + STORY * 4, "max_tokens": 32, "ignore_eos": True})
        statuses.append((response.status, time.monotonic() - started, response.headers.get("retry-after")))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [entry for entry in statuses if entry[0] == 429]
    assert refused and len(refused) < len(statuses)
    assert all(int(seconds) >= 1 for _, _, seconds in refused)
    # As good as new afterwards.
    complete(guest.port, STORY, max_tokens=4)
