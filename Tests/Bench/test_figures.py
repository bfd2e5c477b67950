"""The load test's statistics: percentiles, and that what was not served is not left out."""

import random

import pytest

from loadtest.answers import Answer
from loadtest.figures import keeps_sla, percentile, percentiles, ratio, summarize


def answer(first, gaps=(), **changes):
    times = [first]
    for gap in gaps:
        times.append(times[-1] + gap)
    return Answer(**{"kind": "short", "scheduled": 0.0, "lateness": 0.0, "status": 200, "token_times": times,
                     "token_count": len(times), **changes})


def refused(status=429):
    return Answer("short", 0.0, 0.0, status=status, error=f"status {status}")


@pytest.mark.parametrize("share, expected", [(0.5, 50), (0.9, 90), (0.99, 99), (0.999, 100), (1.0, 100), (0.0, 1)])
def test_percentiles_are_nearest_ranks(share, expected):
    values = list(range(1, 101))
    random.Random(1).shuffle(values)
    assert percentile(values, share) == expected


def test_percentiles_are_values_that_occurred_and_in_order():
    generator = random.Random(2)
    for _ in range(200):
        values = [generator.expovariate(1) for _ in range(generator.randrange(1, 50))]
        found = percentiles(values)
        ranks = [found[name] for name in ("p50", "p90", "p99", "p99.9", "max")]
        assert all(rank in values for rank in ranks) and ranks == sorted(ranks)


def test_of_nothing_there_is_no_percentile():
    assert percentile([], 0.5) is None
    assert percentiles([])["count"] == 0


def test_a_run_is_summed_up():
    summary = summarize([answer(0.1, [0.02, 0.03]), answer(0.2, [0.01])], seconds=2)
    assert summary["time_to_first"]["p50"] == 0.1 and summary["time_to_first"]["max"] == 0.2
    assert summary["gap"]["count"] == 3 and summary["gap"]["max"] == pytest.approx(0.03)
    assert summary["end_to_end"]["max"] == pytest.approx(0.21)
    assert summary["requests_per_second"] == 1.0 and summary["tokens_per_second"] == 2.5


def test_what_was_refused_waited_for_ever():
    summary = summarize([answer(0.1)] * 9 + [refused()], seconds=1)
    assert summary["time_to_first"]["p90"] == 0.1
    assert summary["time_to_first"]["p99"] is None, "JSON has no infinity"
    assert summary["errors"] == {"status 429": 1}
    assert summary["requests"] == 10 and summary["succeeded"] == 9


def test_who_left_on_purpose_counts_neither_way():
    summary = summarize([answer(0.1), answer(0.1, has_left=True)], seconds=1)
    assert summary["requests"] == 1 and not summary["errors"]


def test_an_answer_without_text_is_no_answer():
    assert summarize([Answer("short", 0.0, 0.0, status=200)], 1)["errors"] == {"no text": 1}


@pytest.mark.parametrize("answers, kept", [
    ([answer(0.5, [0.1])], True),
    ([answer(0.501, [0.1])], False),
    ([answer(0.5, [0.101])], False),
    ([answer(0.1, [0.01])] * 20 + [refused()], False),
    ([answer(0.1, [0.01])] * 200 + [refused()], True),
    ([], False),
])
def test_the_sla_is_about_the_ninety_nine(answers, kept):
    assert keeps_sla(summarize(answers, 1)) is kept


def test_a_ratio_needs_both_sides():
    assert ratio(1, 4) == 0.25
    assert ratio(None, 4) is None and ratio(1, None) is None and ratio(1, 0) is None
