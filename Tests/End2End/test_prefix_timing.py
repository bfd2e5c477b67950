"""The timing attack on a shared prefix cache: whoever guesses another's prompt must not see it in how long it takes.

Shared caches leak prompts that way (CVE-2025-46570). Here the cache is the capability's: only the owner profits.
"""

import random
import statistics
import time

import pytest

from conftest import ROOT_KEY, USER_KEY
from raw_http import Client

TRIALS = 7
WORDS = "river stone cloud paper light metal garden window winter summer yellow silver number letter".split()


def prompt(generator):
    """About 250 tokens that nobody has sent before."""
    return " ".join(generator.choice(WORDS) for _ in range(250))


@pytest.mark.heavy
def test_how_long_a_guess_takes_tells_nothing_about_what_others_sent(lawful):
    generator = random.Random(1)

    def seconds(text, key):
        with Client(lawful.port) as client:
            start = time.monotonic()
            body = {"prompt": text, "max_tokens": 1, "temperature": 0}
            assert client.request("POST", "/v1/completions", json=body, headers=key).status == 200
            return time.monotonic() - start

    guessed, unsent, owned = [], [], []
    for trial in range(TRIALS):
        secret = prompt(generator)
        seconds(secret, ROOT_KEY)
        # In turns, so that a machine that gets slower or faster meanwhile favours neither.
        probes = [(guessed, secret), (unsent, prompt(generator))]
        for times, text in probes if trial % 2 else reversed(probes):
            times.append(seconds(text, USER_KEY))
        owned.append(seconds(secret, ROOT_KEY))

    usual = statistics.median(unsent)
    assert statistics.median(owned) < usual / 2, "the attack could not see a hit, so the test shows nothing"
    # A single cached page of 64 tokens would save a quarter.
    assert statistics.median(guessed) > usual * 0.85
