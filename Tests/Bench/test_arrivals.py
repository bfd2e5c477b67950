"""The load test's arrivals: Poisson, seeded, and of the mix that is said."""

import json
import random
import statistics

import pytest

from loadtest import arrivals
from loadtest.arrivals import MIX, Mix


def offsets(rate, duration, seed=1):
    return list(arrivals.poisson_offsets(rate, duration, random.Random(seed)))


def test_arrivals_come_at_the_rate_asked_for():
    assert len(offsets(20, 1_000)) == pytest.approx(20_000, rel=0.03)


def test_gaps_between_arrivals_are_exponential():
    times = offsets(10, 2_000)
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    # The exponential distribution's own: the deviation equals the mean, and 1 - 1/e of the gaps are below it.
    mean = statistics.mean(gaps)
    assert statistics.stdev(gaps) == pytest.approx(mean, rel=0.05)
    assert sum(gap < mean for gap in gaps) / len(gaps) == pytest.approx(0.632, abs=0.02)


def test_arrivals_are_in_order_and_in_time():
    times = offsets(50, 10)
    assert times == sorted(times) and 0 < times[0] and times[-1] < 10


def test_the_same_seed_asks_the_same_at_the_same_moments():
    assert arrivals.plan(3, 20, seed=5) == arrivals.plan(3, 20, seed=5)
    assert arrivals.plan(3, 20, seed=5) != arrivals.plan(3, 20, seed=6)


def test_the_kinds_come_as_often_as_said():
    mix = Mix(3)
    kinds = [mix.next().kind for _ in range(10_000)]
    for kind, share in MIX.items():
        assert kinds.count(kind) / len(kinds) == pytest.approx(share, abs=0.02)


def test_answers_have_a_fixed_length_within_the_limits():
    mix = Mix(4)
    requests = [mix.next() for _ in range(5_000)]
    low, high = arrivals.ANSWER_TOKENS_RANGE
    assert all(low <= request.answer_tokens <= high for request in requests)
    assert statistics.median(request.answer_tokens for request in requests) == pytest.approx(30, abs=2)
    for request in requests[:50]:
        body = json.loads(request.body)
        assert body["max_tokens"] == request.answer_tokens and body["ignore_eos"] and body["stream"]


def test_shared_prompts_share_their_beginning_across_seeds_and_others_do_not():
    first, second = Mix(1), Mix(2)
    systems = set()
    for _ in range(200):
        for mix in (first, second):
            request = mix.next()
            messages = json.loads(request.body)["messages"]
            if request.kind == "shared":
                systems.add(messages[0]["content"])
            else:
                assert [message["role"] for message in messages] == ["user"]
    assert len(systems) == 1


def test_a_text_has_as_many_words_as_asked():
    for count in (1, 11, 12, 13, 300):
        assert len(arrivals.text(random.Random(1), count).split()) == count


def test_leavers_say_when_they_leave():
    assert all(request.leaves_after == 3 for _, request in arrivals.plan(5, 10, seed=1, leaves_after=3))
