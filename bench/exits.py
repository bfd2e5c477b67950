#!/usr/bin/env python3
"""Exits of the virtual machine for each token that is streamed to one client.

Counts of a whole machine come from `hexa-os run --stats`: of one that streams a short answer and one that streams a
long one. What the long one has more, divided by the tokens that it has more, is what a token costs; boot, prompt and
power-off cancel out. Leaves bench/results/exits.json and exits.md. About half a minute.
"""

import argparse
import datetime
import json
import statistics
import sys
from pathlib import Path

from common import ROOT, circumstances, summary

from exit_counts import COUNTERS, TOKENS, exits_per_token

RESULTS = ROOT / "bench" / "results"
RUNS, RUNS_QUICK = 7, 3
TARGET = 2


def markdown(facts, results):
    lines = ["# Exits per token", "",
             f"Commit {facts['commit']}, {facts['cpu']}, {facts['date']}. "
             f"Made by `{'bench/exits.py --quick' if facts['quick'] else 'make bench-exits'}`.", "",
             f"SmolLM2-135M Q4_1 on the hexa VMM streams {TOKENS[0]} and {TOKENS[1]} tokens to one client; what the "
             "longer answer costs more, divided by the tokens that it has more: medians and spread. `caused by the "
             "guest` are all exits but those for interrupts of the host's own, such as its timer; `to the monitor` are "
             "those that leave the kernel.", "",
             "| processors | " + " | ".join(COUNTERS) + " |", "|---" * (len(COUNTERS) + 1) + "|"]
    for cpus, runs in results.items():
        cells = [summary([run[name] for run in runs]) for name in COUNTERS]
        lines.append(f"| {cpus} | " + " | ".join(
            f"{cell['median']:.2f} ({cell['min']:.2f} to {cell['max']:.2f})" for cell in cells) + " |")
    lines += ["", *(f"- {cpus} processors, caused by the guest ≤ {TARGET}: "
                    + ("met" if statistics.median(run["caused by the guest"] for run in runs) <= TARGET
                       else "**missed**") for cpus, runs in results.items()), ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{RUNS_QUICK} runs instead of {RUNS}")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the results (default: bench/results)")
    arguments = parser.parse_args()
    facts = {**circumstances("kvm"), "date": datetime.date.today().isoformat(), "quick": arguments.quick}
    results = {cpus: [] for cpus in (1, 2)}
    for run in range(RUNS_QUICK if arguments.quick else RUNS):
        for cpus, found in results.items():
            print(f"run {run + 1}, {cpus} processors", file=sys.stderr, flush=True)
            found.append(exits_per_token(cpus))
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "exits.json").write_text(json.dumps({**facts, "results": results}, indent=1) + "\n")
    (arguments.output / "exits.md").write_text(markdown(facts, results))
    print(markdown(facts, results))


if __name__ == "__main__":
    main()
