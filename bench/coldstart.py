#!/usr/bin/env python3
"""Cold start: process start to ready and to the first token, of everything that can serve the model here.

Starts each system anew for each figure, one after the other in turns, with the weights in the page cache; then a few
times without them there. Leaves coldstart.json, coldstart.md and charts after each turn. About a quarter
of an hour; --quick takes about two minutes.
"""

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import make_7b
from charts import bar_chart
from common import add_output_options, circumstances, summary

from guest import MODEL
from loadtest.servers import BUILD, PROCESSORS, Running, ServerFailure, System, llama_build
from raw_http import Client

RUNS, RUNS_QUICK = 20, 3
RUNS_WITHOUT_CACHE, RUNS_WITHOUT_CACHE_QUICK = 3, 1
# Sixteen tokens in SmolLM2's vocabulary, which the 7B model has as well; the answers tell how many they were.
PROMPT = "The quick brown fox jumps over the lazy dog, and then it runs away."
POLL_SECONDS = 0.001
LLAMA_RATIO = 4
CACHE_STATES = ["warm", "cold"]
# A system that has failed this often in a state of the page cache is left out of its further turns.
FAILURES_MAX = 2
# Measured from a request that finds nothing running, not from the start of a process.
ON_DEMAND = "hexa-os serve"
# Has its model ready, and has not read the prompt.
SNAPSHOT = "hexa-os snapshot"


@dataclass(frozen=True)
class Subject:
    """A model in the two forms in which it is served, and what is aimed at with the hexa VMM."""

    name: str
    gguf: Path
    ready_target_seconds: float
    first_token_target_seconds: float
    # Where there is a target.
    on_demand_target_seconds: float | None = None
    snapshot_target_seconds: float | None = None

    @property
    def packed(self):
        return self.gguf.with_suffix(".hxm")

    def prepare(self):
        """Packs the model unless that has been done since it was made."""
        if not self.packed.exists() or self.packed.stat().st_mtime < self.gguf.stat().st_mtime:
            self.packed.unlink(missing_ok=True)
            subprocess.run([BUILD / "hexa-os", "pack", self.gguf, "-o", self.packed], check=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        link = self.folder / self.packed.name
        link.unlink(missing_ok=True)
        link.symlink_to(self.packed.resolve())
        subprocess.run([BUILD / "hexa-os", "snapshot", self.packed, "--to", self.snapshot, "--force"], check=True)

    @property
    def folder(self):
        """Holds the packed model alone, for the server of a folder."""
        return BUILD / "bench" / "coldstart" / self.packed.stem

    @property
    def snapshot(self):
        return self.folder.with_suffix(".snapshot")

    def file(self, system):
        """What `system` is given: ours the packed model, llama.cpp the only form that it reads."""
        if system.name == ON_DEMAND:
            return self.folder
        if system.name == SNAPSHOT:
            return self.snapshot
        return self.gguf if system.name.startswith("llama") else self.packed

    def keep_in_page_cache(self, system):
        """In the largest pages for those that map the file, and that has been said to do so."""
        if system.name.startswith("llama"):
            read(self.gguf)
        else:
            subprocess.run([BUILD / "hexa-os", "warm", self.packed], check=True, capture_output=True)

    def drop_from_page_cache(self, system):
        paths = [self.gguf if system.name.startswith("llama") else self.packed]
        if system.name == SNAPSHOT:
            paths.append(self.snapshot / "memory")
        for path in paths:
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def systems():
    """All of them, in the order of the tables."""
    run, llama = ("run", "{model}", "--port", "{port}"), ("-m", "{model}", "--host", "127.0.0.1", "--port", "{port}")
    return [
        System("hexa VMM", "HEXA-OS on its own monitor", BUILD / "hexa-os", (*run, "--vmm", "hexa")),
        System(ON_DEMAND, "a machine on its own monitor started by the request", BUILD / "hexa-os",
               ("serve", "{model}", "--port", "{port}")),
        System(SNAPSHOT, "a machine on its own monitor, from a snapshot of one that is ready", BUILD / "hexa-os",
               ("run", "--from-snapshot", "{model}", "--port", "{port}")),
        System("QEMU", "HEXA-OS on QEMU microvm", BUILD / "hexa-os", (*run, "--vmm", "qemu")),
        System("hexa-serve", "the same server as a Linux process", BUILD / "hexa-serve",
               ("{model}", "--port", "{port}")),
        System("llama-server", "llama-server, default flags" + llama_build(), BUILD / "llama" / "llama-server", llama),
        # What is left out costs more than it gives to a first token: the empty run, and rewriting the weights.
        System("llama-server-fast", "llama-server, fastest start" + llama_build(), BUILD / "llama" / "llama-server",
               (*llama, "--no-warmup", "--no-repack", "-t", PROCESSORS)),
    ]


def read(path):
    with path.open("rb", buffering=0) as file:
        while file.read(16 << 20):
            pass


def start(system, path):
    """One cold start: seconds to ready and to the first token, from process start; on demand from the request, and
    ready is none."""
    with Running(system, path, POLL_SECONDS) as server:
        is_on_demand = system.name == ON_DEMAND
        with Client(server.port) as client:
            body = {"prompt": PROMPT, "max_tokens": 1, "temperature": 0}
            if is_on_demand:
                body["model"] = client.request("GET", "/v1/models").json["data"][0]["id"]
            asked = time.monotonic()
            answer = client.request("POST", "/v1/completions", json=body)
        answered = time.monotonic()
        if answer.status != 200:
            raise ServerFailure(f"{system.name} answers {answer.status}: {answer.body[:200]}")
        token_count = answer.json["usage"]["prompt_tokens"]
        if is_on_demand:
            return None, answered - asked, token_count
        return server.ready_seconds, answered - server.started, token_count


class Bench:
    """Turns of all systems over all models; what came of them is in `results`."""

    def __init__(self, subjects, chosen, quick, save):
        self.subjects, self.systems, self.quick, self.save = subjects, chosen, quick, save
        self.results = {"models": {}, "failures": []}
        self.failure_counts = Counter()

    def run(self):
        for subject in self.subjects:
            self.results["models"][subject.name] = {
                state: {system.name: {"ready": [], "first token": []} for system in self.systems}
                for state in CACHE_STATES}
            for state in CACHE_STATES:
                for turn in range(self.turns(state)):
                    self.turn(subject, state, turn)
                    self.save(self.results)

    def turns(self, state):
        if state == "warm":
            return RUNS_QUICK if self.quick else RUNS
        return RUNS_WITHOUT_CACHE_QUICK if self.quick else RUNS_WITHOUT_CACHE

    def turn(self, subject, state, turn):
        # Every other turn backwards, so that nobody always follows the same neighbour.
        for system in self.systems if turn % 2 == 0 else reversed(self.systems):
            if self.failure_counts[subject.name, state, system.name] >= FAILURES_MAX:
                continue
            (subject.drop_from_page_cache if state == "cold" else subject.keep_in_page_cache)(system)
            what = f"{subject.name}, page cache {state}, turn {turn + 1} of {self.turns(state)}: {system.name}"
            print(what, file=sys.stderr, flush=True)
            try:
                ready, first_token, token_count = start(system, subject.file(system))
            except (ServerFailure, OSError, KeyError) as error:
                self.results["failures"].append(f"{what}: {error}")
                self.failure_counts[subject.name, state, system.name] += 1
                continue
            found = self.results["models"][subject.name][state][system.name]
            if ready is not None:
                found["ready"].append(round(ready, 4))
            found["first token"].append(round(first_token, 4))
            self.results["prompt_tokens"] = token_count


# MARK: The report


def told(values):
    """Median and spread in milliseconds."""
    if not values:
        return "–"
    s = summary(values)
    return f"{1e3 * s['median']:,.0f} ({1e3 * s['min']:,.0f} to {1e3 * s['max']:,.0f})"


def verdict(what, values, target):
    if not values:
        return f"{what} ≤ {1e3 * target:.0f} ms: unverified"
    return f"{what} ≤ {1e3 * target:.0f} ms: {'met' if statistics.median(values) <= target else '**missed**'}"


def further_verdicts(subject, warm):
    """Of what the hexa VMM is compared with, or is a part of."""
    on_demand, ours = warm.get(ON_DEMAND), warm["hexa VMM"]["first token"]
    if on_demand and subject.on_demand_target_seconds:
        what = f"first token of `{ON_DEMAND}`"
        yield f"- {verdict(what, on_demand['first token'], subject.on_demand_target_seconds)}"
    if SNAPSHOT in warm and subject.snapshot_target_seconds:
        what = "first token from a snapshot"
        yield f"- {verdict(what, warm[SNAPSHOT]['first token'], subject.snapshot_target_seconds)}"
    rivals = [statistics.median(values["first token"]) for name, values in warm.items()
              if name.startswith("llama") and values["first token"]]
    if rivals and ours:
        ratio = min(rivals) / statistics.median(ours)
        yield f"- first token {ratio:.1f} times sooner than llama-server's best, target {LLAMA_RATIO}: " \
              f"{'met' if ratio >= LLAMA_RATIO else '**missed**'}"


def table(measured):
    yield "| system | ready, ms | first token, ms | first token against ours |"
    yield "|---|---|---|---|"
    ours = measured["hexa VMM"]["first token"] if "hexa VMM" in measured else []
    for name, values in measured.items():
        times = values["first token"]
        ratio = f"{statistics.median(times) / statistics.median(ours):.1f}" if times and ours else "–"
        yield f"| {name} | {told(values['ready'])} | {told(times)} | {ratio} |"


def markdown(facts, subjects, chosen, results):
    lines = ["# Cold start", "",
             f"Commit {facts['commit']}, {facts['cpu']}, {facts['processors']} processors, {facts['date']}. "
             f"Made by `{'bench/coldstart.py --quick' if facts['quick'] else 'make bench-coldstart'}`.", "",
             "From the start of a process to `/health` 200, asked every millisecond, and to the whole answer to a "
             f"prompt of {results.get('prompt_tokens', 16)} tokens with one new token: medians and spread, all systems "
             f"taking turns. `{ON_DEMAND}` runs already and its time is that of the request, which finds no machine. "
             "Ours read the packed model, llama.cpp its GGUF file; both are in the page cache (ours by `hexa-os "
             "warm`), or dropped from it before each start.", "",
             *(f"- **{system.name}**: {system.description}: `{system.program.name} {system.flags}`"
               for system in chosen), ""]
    for subject in subjects:
        for state, measured in results["models"].get(subject.name, {}).items():
            if any(values["first token"] for values in measured.values()):
                lines += [f"## {subject.name}, page cache {state}", "", *table(measured), ""]
        warm = results["models"].get(subject.name, {}).get("warm", {}).get("hexa VMM")
        if warm:
            lines += [f"- {verdict('ready', warm['ready'], subject.ready_target_seconds)}",
                      f"- {verdict('first token', warm['first token'], subject.first_token_target_seconds)}"]
            lines += [*further_verdicts(subject, results["models"][subject.name]["warm"]), ""]
    if results["failures"]:
        lines += ["## What failed", "", *(f"- {one}" for one in results["failures"]), ""]
    return "\n".join(lines)


def draw(folder, subjects, results):
    for subject, name in zip(subjects, ["small", "7b"]):
        measured = results["models"].get(subject.name, {}).get("warm", {})
        bar_chart(folder / f"coldstart-{name}.svg", f"Cold start, {subject.name}, page cache warm",
                  "milliseconds from process start, logarithmic", {
                      system: {what: 1e3 * statistics.median(times) if times else None
                               for what, times in values.items()}
                      for system, values in measured.items()}, logarithmic=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{RUNS_QUICK} turns instead of {RUNS}")
    parser.add_argument("--with-7b", action=argparse.BooleanOptionalAction,
                        help="measure the 7B model as well (default: unless --quick)")
    add_output_options(parser)
    arguments = parser.parse_args()
    subjects = [Subject("SmolLM2-135M Q4_1", MODEL, 0.030, 0.060, snapshot_target_seconds=0.030)]
    if arguments.with_7b if arguments.with_7b is not None else not arguments.quick:
        make_7b.write(make_7b.default_path(32), 32)
        subjects.append(Subject("7B Q4_0", make_7b.default_path(32), 0.100, 0.500, 0.550))
    for subject in subjects:
        subject.prepare()
    chosen = [system for system in systems() if system.program.exists()]
    facts = {**circumstances("kvm"), "processors": PROCESSORS, "date": datetime.date.today().isoformat(),
             "quick": arguments.quick, "systems": {system.name: system.flags for system in chosen}}
    arguments.output.mkdir(parents=True, exist_ok=True)

    def save(results):
        (arguments.output / "coldstart.json").write_text(json.dumps({**facts, "results": results}, indent=1) + "\n")
        (arguments.output / "coldstart.md").write_text(markdown(facts, subjects, chosen, results))
        draw(arguments.output, subjects, results)

    bench = Bench(subjects, chosen, arguments.quick, save)
    bench.run()
    print(markdown(facts, subjects, chosen, bench.results))


if __name__ == "__main__":
    main()
