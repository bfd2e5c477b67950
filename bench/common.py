"""Shared by the benchmarks: arguments, medians with spread, and what a figure is worth nothing without."""

import argparse
import hashlib
import json
import re
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "End2End"))

# What was recorded, which documents cite and tests read; and where every other run leaves what it measured.
RECORDED = ROOT / "bench" / "results"
SCRATCH = ROOT / "build" / "bench"


def parse_arguments(description, runs):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--runs", type=int, default=runs, help=f"how often to measure (default: {runs})")
    parser.add_argument("--accel", choices=["kvm", "tcg"], default="kvm", help="default: kvm")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


def add_output_options(parser):
    """`--record` and `--output`: where a benchmark leaves its results, `arguments.output`."""
    folder = parser.add_mutually_exclusive_group()
    folder.add_argument("--output", type=Path, default=SCRATCH, metavar="FOLDER",
                        help="folder of the results (default: build/bench)")
    folder.add_argument("--record", dest="output", action="store_const", const=RECORDED,
                        help="leave the results in bench/results, which documents cite and tests read")


def circumstances(accelerator):
    """The commit and the machine."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True).stdout
    model_name = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {"commit": commit.strip(), "cpu": model_name.group(1) if model_name else "unknown",
            "accelerator": accelerator}


def law_for_programs(folder, names, quotas=None):
    """Writes a law under which the key `bench` may install and run programs of these names; its path."""
    program = {"kind": "program", "grants": {"/request": ["read", "write"], "/system/clock": ["read"]},
               "quotas": quotas or {}}
    key = {"kind": "key", "key_sha256": hashlib.sha256(b"bench").hexdigest(),
           "grants": {"/program/*": ["write", "exec"]}}
    path = folder / "raw.json"
    path.write_text(json.dumps({"format": 1, "subjects": {"bench": key, **dict.fromkeys(names, program)}}))
    return path


def summary(values):
    """Median and spread."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "runs": len(values)}


def report(arguments, figures):
    """Prints figures: `{name: (unit, values)}`."""
    facts = circumstances(arguments.accel)
    if arguments.json:
        print(json.dumps({**facts, "figures": {name: {"unit": unit, **summary(values)}
                                               for name, (unit, values) in figures.items()}}))
        return
    print(f"commit {facts['commit']}, {facts['cpu']}, {facts['accelerator']}")
    for name, (unit, values) in figures.items():
        s = summary(values)
        print(f"  {name:<44} {s['median']:9.3f} {unit:<9} ({s['min']:.3f} to {s['max']:.3f}, {s['runs']} runs)")


def progress(text):
    """A line that the next one replaces, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
