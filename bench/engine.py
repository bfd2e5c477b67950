#!/usr/bin/env python3
"""The inference engine alone against llama.cpp's: prefill and decode, SmolLM2 and a model of 7B shape.

The two alternate within one run, on all processors. Leaves engine.json, engine.md and charts after every
round. About six minutes; --quick takes about one and leaves the 7B model out unless it is asked for.
"""

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import engines
import make_7b
from charts import bar_chart
from common import add_output_options, circumstances
from engines import decode, prefill

from guest import MODEL

SECONDS_MAX, SECONDS_MAX_QUICK = 600, 120


@dataclass(frozen=True)
class Plan:
    """What is measured of one model."""

    name: str
    path: Path
    prefill_tokens: tuple
    streams: tuple
    generated_tokens: int
    rounds: int
    # Ratio to llama.cpp that is aimed at, by test.
    targets: dict


def plans(quick, with_7b):
    small = Plan("SmolLM2-135M Q4_1", MODEL, (512, 128), (1, 2, 4, 8, 16), 48, 2 if quick else 5,
                 {prefill(512): 3.0, decode(1): 1.8})
    large = Plan("7B Q4_0", make_7b.default_path(32), (512, 128), (1, 2, 4, 8, 16), 12, 1 if quick else 3,
                 {prefill(128): 2.0, decode(1): 1.0, decode(8): 1.8})
    return [small, large] if with_7b else [small]


class Bench:
    """Rounds of both engines over all plans; what came of them is in `results`."""

    def __init__(self, chosen, threads, seconds_max, save):
        self.plans, self.threads, self.seconds_max, self.save = chosen, threads, seconds_max, save
        self.started = time.monotonic()
        self.results = {"limits": None, "models": {}, "failures": [], "skipped": []}

    def run(self):
        self.results["limits"] = self.attempt("limits", lambda: engines.limits(self.threads))
        for plan in self.plans:
            self.prepare(plan)
            for number in range(plan.rounds):
                self.round(plan, number)
                self.save(self.results)

    def prepare(self, plan):
        size = self.attempt(plan.name, lambda: engines.model_size(plan.path))
        bytes_read, multiplications = size or (None, None)
        self.results["models"][plan.name] = {
            "file": plan.path.name, "bytes_per_token": bytes_read, "macs_per_prompt_token": multiplications,
            "targets": plan.targets, "ours": {}, "llama.cpp": {}}

    def round(self, plan, number):
        order = [("ours", engines.ours), ("llama.cpp", engines.llama)]
        for name, measure in order if number % 2 == 0 else reversed(order):
            what = f"{plan.name}, round {number + 1} of {plan.rounds}: {name}"
            found = self.attempt(what, lambda: measure(plan.path, plan, self.threads))
            for test, value in (found or {}).items():
                self.results["models"][plan.name][name].setdefault(test, []).append(round(value, 2))

    def attempt(self, what, work):
        elapsed = time.monotonic() - self.started
        if elapsed > self.seconds_max:
            self.results["skipped"].append(what)
            return None
        print(f"[{elapsed:4.0f} s] {what}", file=sys.stderr, flush=True)
        try:
            return work()
        except (RuntimeError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            self.results["failures"].append(f"{what}: {error}")
            print(f"         failed: {error}", file=sys.stderr, flush=True)
            return None


# MARK: The report


def spread(values):
    if not values:
        return "–"
    return f"{statistics.median(values):,.1f} ({min(values):,.1f} to {max(values):,.1f})"


def share_of_limit(test, value, model, limits):
    """What part of the machine's limit a rate uses, and which limit that is."""
    if not limits or not model["bytes_per_token"]:
        return None, ""
    if test.startswith("prefill"):
        if not limits["vnni_macs_per_second"]:
            return None, ""
        return value * model["macs_per_prompt_token"] / limits["vnni_macs_per_second"], "of the VNNI peak"
    streams = int(test.rsplit(" ", 1)[1])
    return value / streams * model["bytes_per_token"] / limits["read_bytes_per_second"], "of memory bandwidth"


def verdict(ratio, target, bound):
    if target is None:
        return ""
    if ratio is None:
        return f"≥ {target}: unverified"
    if ratio >= target:
        return f"≥ {target}: met"
    return f"≥ {target}: **missed** by a factor of {target / ratio:.2f}; bound: {bound or 'unknown'}"


def model_table(model, limits):
    yield "| test | ours, tokens/s | llama.cpp, tokens/s | ratio | our share of the limit | target |"
    yield "|---|---|---|---|---|---|"
    for test in dict.fromkeys([*model["ours"], *model["llama.cpp"]]):
        mine, theirs = model["ours"].get(test, []), model["llama.cpp"].get(test, [])
        pairs = [one / other for one, other in zip(mine, theirs) if other]
        ratio = statistics.median(pairs) if pairs else None
        share, limit = share_of_limit(test, statistics.median(mine), model, limits) if mine else (None, "")
        told = f"{100 * share:.0f} % {limit}" if share else "–"
        bound = "" if not share else limit.removeprefix("of ") if share > 0.8 else f"the kernels, at {told}"
        yield (f"| {test} | {spread(mine)} | {spread(theirs)} | {f'{ratio:.2f}' if ratio else '–'} | {told} | "
               f"{verdict(ratio, model['targets'].get(test), bound)} |")


def markdown(facts, results):
    limits = results["limits"]
    lines = ["# Engine", "",
             f"Commit {facts['commit']}, {facts['cpu']}, {facts['threads']} threads, {facts['date']}. "
             f"Made by `{'bench/engine.py --quick' if facts['quick'] else 'make bench-engine'}`.", "",
             "The engines alone, without a server, alternating in one run: medians and spread of the rounds, and the "
             "median of the rounds' ratios. Wall time, pinned threads for ours, llama.cpp's own defaults for its. "
             "Decode follows a prompt of eight tokens; with a batch the rate is that of all streams together.", ""]
    if limits:
        peak = limits["vnni_macs_per_second"]
        multiplied = f"{peak / 1e9:,.0f} GMAC/s int8 with VNNI" if peak else "no VNNI"
        bandwidth = limits["read_bytes_per_second"] / 1e9
        lines += [f"Limits of the machine, measured by `bench/limits.c`: {bandwidth:.1f} GB/s read, {multiplied}. "
                  "Shares leave attention out; more than 100 % means that some of the weights stayed in caches.", ""]
    for name, model in results["models"].items():
        lines += [f"## {name}", "", *model_table(model, limits), ""]
    left_out = results["failures"] + [f"not run: {what} (the time was up)" for what in results["skipped"]]
    if left_out:
        lines += ["## What failed or was left out", "", *(f"- {one}" for one in left_out), ""]
    return "\n".join(lines)


def draw(folder, results):
    for index, (name, model) in enumerate(results["models"].items()):
        tests = dict.fromkeys([*model["ours"], *model["llama.cpp"]])
        bar_chart(folder / f"engine-{['small', '7b'][min(index, 1)]}.svg", name, "tokens a second, logarithmic", {
            test.replace("decode, batch", "batch"): {
                engine: statistics.median(model[engine][test]) if model[engine].get(test) else None
                for engine in ("ours", "llama.cpp")} for test in tests}, logarithmic=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a rough look at SmolLM2 in about a minute")
    parser.add_argument("--with-7b", action=argparse.BooleanOptionalAction,
                        help="measure the 7B model as well (default: unless --quick)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="default: all processors")
    add_output_options(parser)
    arguments = parser.parse_args()
    with_7b = arguments.with_7b if arguments.with_7b is not None else not arguments.quick
    if with_7b:
        make_7b.write(make_7b.default_path(32), 32)
    facts = {**circumstances("none"), "threads": arguments.threads, "date": datetime.date.today().isoformat(),
             "quick": arguments.quick}
    arguments.output.mkdir(parents=True, exist_ok=True)

    def save(results):
        (arguments.output / "engine.json").write_text(json.dumps({**facts, "results": results}, indent=1) + "\n")
        (arguments.output / "engine.md").write_text(markdown(facts, results))
        draw(arguments.output, results)

    bench = Bench(plans(arguments.quick, with_7b), arguments.threads,
                  SECONDS_MAX_QUICK if arguments.quick else SECONDS_MAX, save)
    bench.run()
    save(bench.results)
    print(markdown(facts, bench.results))


if __name__ == "__main__":
    main()
