"""The report of a load test: complete, half finished or with a system that failed, it is written and says so."""

import copy
import xml.etree.ElementTree as ElementTree

import pytest

from charts import bar_chart, line_chart, ticks
from loadtest.answers import Answer
from loadtest.figures import summarize
from loadtest.report import LoadReport

FACTS = {"commit": "abc", "cpu": "a processor", "processors": 2, "model": "m.gguf", "date": "2026-01-01"}
SYSTEMS = [{"name": name, "description": "it", "flags": "-x"} for name in ("hexa-os", "llama-server")]


def run(first, gap, rate=3.0, answered=True):
    answer = Answer("short", 0.0, 0.0, status=200 if answered else 503, token_count=2,
                    token_times=[first, first + gap] if answered else [], error=None if answered else "status 503")
    return {"rate": rate, **summarize([answer], 1), "server_cores": 1.9, "client_cores": 0.01}


def long_prompt(gap):
    measure = {"p99": gap, "p50": gap, "count": 1}
    return {"longest_gap": gap, "gap_during": measure, "gap_before": {**measure, "count": 0},
            "long_prompt_time_to_first": 1.0, "long_prompt_tokens": 4_000, "error": None}


COMPLETE = {
    "yardstick": {"name": "llama-server", "capacity": 4.0, "measured": True}, "failures": [], "skipped": [],
    "capacity": {name: {"requests_per_second": 4.0, "tokens_per_second": 150.0}
                 for name in ("hexa-os", "llama-server")},
    "comparison": {"hexa-os": [run(0.1, 0.02)], "llama-server": [run(0.4, 0.1)]},
    "rates": {"hexa-os": [run(0.1, 0.02, 5), run(0.9, 0.3, 8)], "llama-server": [run(0.9, 0.3, 2)]},
    "sla_rate": {"hexa-os": {"kept": 5.0, "broken": 8.0}, "llama-server": {"kept": 0.0, "broken": 2.0}},
    "hard": {"long prompt": {"hexa-os": long_prompt(0.05), "llama-server": long_prompt(0.5)},
             "busy neighbour": {"hexa-os": run(0.1, 0.02), "llama-server": run(0.4, 0.1)},
             "storm": {"hexa-os": run(0.1, 0.02), "llama-server": run(0.4, 0.1, answered=False)}},
}


def text(results):
    return LoadReport(FACTS, SYSTEMS, results).markdown()


def test_targets_that_are_met_say_so():
    report = text(COMPLETE)
    assert report.count("| met |") == 5
    assert "missed" not in report and "coordinated omission" in report


def test_a_missed_target_says_by_how_much_and_what_bounds_it():
    results = copy.deepcopy(COMPLETE)
    results["comparison"]["hexa-os"] = [run(0.32, 0.02)]
    (line,) = [line for line in text(results).splitlines() if line.startswith("| p99 time to first token")]
    assert "| 0.80 |" in line and "**missed** by a factor of 2.00" in line and "1.9 of 2 cores are busy" in line


def test_a_yardstick_that_answers_nothing_is_endless_not_absent():
    results = copy.deepcopy(COMPLETE)
    results["comparison"]["llama-server"] = [run(0, 0, answered=False)]
    assert "| 0.00 | at most 0.4 | met |" in text(results) and "∞" in text(results)


@pytest.mark.parametrize("missing", ["comparison", "rates", "sla_rate", "hard", "capacity"])
def test_half_a_campaign_is_reported(missing, tmp_path):
    results = {**COMPLETE, missing: {}, "skipped": ["hexa-os: something (the time was up)"]}
    report = LoadReport(FACTS, SYSTEMS, results)
    assert "not run: hexa-os: something" in report.markdown()
    report.draw(tmp_path)


@pytest.mark.parametrize("failed", ["hexa-os", "llama-server"])
def test_a_system_that_failed_leaves_the_other_ones_results(failed, tmp_path):
    results = copy.deepcopy(COMPLETE)
    for part in ("capacity", "comparison", "rates", "sla_rate", *results["hard"]):
        (results["hard"] if part in results["hard"] else results)[part].pop(failed)
    results["failures"] = [f"{failed}: it ended with 1"]
    report = LoadReport(FACTS, SYSTEMS, results)
    assert "unverified" in report.markdown() and f"{failed}: it ended with 1" in report.markdown()
    report.draw(tmp_path)


def test_charts_are_well_formed(tmp_path):
    LoadReport(FACTS, SYSTEMS, COMPLETE).draw(tmp_path)
    bar_chart(tmp_path / "bars.svg", "<a> & b", "unit", {"one": {"x": 3.0, "y": None}, "two": {"x": 1.0, "y": 2.0}})
    line_chart(tmp_path / "lines.svg", "t", "u", "x", {"a": [(1, 0.5)], "b": [(2, 30.0), (3, 4.0)]}, limit=10)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["bars.svg", "lines.svg", "load-first.svg", "load-gap.svg", "load-p99.svg"]
    for path in tmp_path.iterdir():
        assert ElementTree.parse(path).getroot().tag.endswith("svg")


@pytest.mark.parametrize("low, high, logarithmic", [(0, 0.3, False), (0, 7, False), (0, 4_321, False),
                                                    (0.02, 900, True), (5, 5, True)])
def test_marks_span_the_values(low, high, logarithmic):
    marks = ticks(low, high, logarithmic)
    assert 2 <= len(marks) <= 9 or logarithmic
    assert marks[0] <= low or not logarithmic and marks[0] == 0
    assert marks[-1] >= high
