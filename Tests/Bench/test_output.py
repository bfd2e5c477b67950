"""A benchmark leaves what it measured in build/bench; only one that is asked to record replaces what tests read."""

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

import common
import engine
import engines

BENCH = Path(common.ROOT) / "bench"
SCRIPTS = sorted(path for path in BENCH.glob("*.py") if "    add_output_options(parser)\n" in path.read_text())


def parse(*words):
    parser = argparse.ArgumentParser()
    common.add_output_options(parser)
    return parser.parse_args(words)


def recorded():
    """A digest of every recorded result."""
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in common.RECORDED.iterdir()}


@pytest.fixture
def quick_engine(monkeypatch, tmp_path):
    """bench/engine.py with two engines that take no time, and a folder of its own in place of build/bench."""
    monkeypatch.setattr(common, "SCRATCH", tmp_path / "scratch")
    rates = {engines.prefill(512): 100.0, engines.decode(1): 10.0}
    for name in ("ours", "llama"):
        monkeypatch.setattr(engines, name, lambda path, plan, threads: rates)
    monkeypatch.setattr(engines, "limits", lambda threads: None)
    monkeypatch.setattr(engines, "model_size", lambda path: (1, 1))

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["engine.py", "--quick", *map(str, words)])
        engine.main()
    return run


def test_a_run_goes_to_build_bench():
    assert parse().output == common.ROOT / "build" / "bench"


def test_a_run_that_is_to_be_recorded_goes_to_bench_results():
    assert parse("--record").output == common.ROOT / "bench" / "results"


def test_a_run_goes_to_the_folder_that_was_named(tmp_path):
    assert parse("--output", str(tmp_path)).output == tmp_path


def test_a_run_goes_to_one_folder(tmp_path):
    with pytest.raises(SystemExit):
        parse("--record", "--output", str(tmp_path))


def test_a_quick_run_leaves_the_recorded_results_alone(quick_engine, tmp_path):
    before = recorded()
    quick_engine()
    assert recorded() == before
    assert {path.name for path in (tmp_path / "scratch").iterdir()} == {"engine.json", "engine.md", "engine-small.svg"}


def test_a_recorded_run_replaces_them(quick_engine, monkeypatch, tmp_path):
    monkeypatch.setattr(common, "RECORDED", tmp_path / "recorded")
    quick_engine("--record")
    assert (tmp_path / "recorded" / "engine.json").exists() and not (tmp_path / "scratch").exists()


def test_every_benchmark_that_leaves_results_asks_where():
    assert len(SCRIPTS) >= 7
    for path in BENCH.rglob("*.py"):
        if path.name != "common.py":
            assert '"results"' not in path.read_text().replace('["results"]', "").replace('"results":', ""), path


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_benchmark_takes_the_same_options(script):
    shown = subprocess.run([sys.executable, str(script), "--help"], capture_output=True, text=True, check=True).stdout
    assert "--record" in shown and "default: build/bench" in shown
