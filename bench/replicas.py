#!/usr/bin/env python3
"""Replicas of one model: what each further one costs in memory, and what they answer together.

Starts `hexa-os run --replicas` with a growing number of machines, has four clients ask without a pause, and then adds
up the memory of all processes: proportional set sizes, in which pages that several map count once in all. Leaves
replicas.json and replicas.md. About a minute; --with-7b measures the 7B model as well.
"""

import argparse
import datetime
import json
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import make_7b
from coldstart import Subject
from common import add_output_options, circumstances, progress

from guest import HEXA_OS, MODEL, Served, descendants
from loadtest.servers import LOGS, PROCESSORS
from raw_http import Client

CLIENTS = 4
SECONDS, SECONDS_QUICK = 10, 2
READY_SECONDS = 120
PROMPT = {"prompt": "The capital of France is", "max_tokens": 16, "temperature": 0, "ignore_eos": True}
# Beside the keys and values, of each further replica of 7B.
EXTRA_MIB_MAX = 300
KINDS = {"Pss": "total", "Pss_Anon": "anonymous", "Pss_File": "of files"}


@dataclass
class Measured:
    """What so many machines took and did."""

    count: int
    ready_mib: dict
    memory_mib: dict
    requests_per_second: float
    latencies: list = field(repr=False)


def memory_mib(pids):
    """The proportional set sizes of all processes together, by kind (proc(5), smaps_rollup)."""
    sums = dict.fromkeys(KINDS, 0)
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, kibibytes, *_ = line.split()
            if name.rstrip(":") in sums:
                sums[name.rstrip(":")] += int(kibibytes)
    return {KINDS[name]: round(kibibytes / 1024, 1) for name, kibibytes in sums.items()}


def load(port, seconds):
    """Seconds that each request took, of clients that ask without a pause, and requests a second."""
    latencies, failures = [], []
    begin = time.monotonic()
    end = begin + seconds

    def ask():
        try:
            with Client(port) as client:
                while time.monotonic() < end:
                    started = time.monotonic()
                    answer = client.request("POST", "/v1/completions", json=PROMPT)
                    assert answer.status == 200, answer.body
                    latencies.append(time.monotonic() - started)
        except Exception as error:  # A thread's own would be lost.
            failures.append(error)

    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    if failures:
        raise failures[0]
    # The last answers come after the end.
    return latencies, len(latencies) / (time.monotonic() - begin)


def measure(path, count, seconds):
    LOGS.mkdir(parents=True, exist_ok=True)
    command = [HEXA_OS, "run", path, "--replicas", count]
    with Served(command, log_path=LOGS / "replicas.log", ready_timeout=READY_SECONDS) as server:
        server.wait_ready()
        processes = [server.process.pid, *descendants(server.process.pid)]
        ready = memory_mib(processes)
        latencies, rate = load(server.port, seconds)
        memory = memory_mib(processes)
        server.stop()
    return Measured(count, ready, memory, rate, latencies)


def kv_pool_mib(path):
    told = subprocess.run([HEXA_OS, "info", path, "--json"], capture_output=True, text=True, check=True).stdout
    return json.loads(told)["kv_cache_bytes"] / (1 << 20)


def markdown(facts, results):
    lines = ["# Replicas", "",
             f"Commit {facts['commit']}, {facts['cpu']}, {facts['processors']} processors, {facts['date']}. Made by "
             f"`bench/replicas.py {facts['options']}`.", "",
             f"`hexa-os run MODEL.hxm --replicas N`, after {CLIENTS} clients have asked for {facts['seconds']} s for "
             "16 tokens each time. Memory is the proportional set size of all processes together, in MiB.", ""]
    for name, subject in results.items():
        lines += [f"## {name}", "",
                  "| machines | memory when ready | after requests | anonymous | of files | requests/s | median, ms |",
                  "|---|---|---|---|---|---|---|"]
        for one in subject["measured"]:
            memory = one["memory_mib"]
            lines.append(f"| {one['count']} | {one['ready_mib']['total']:,.0f} | {memory['total']:,.0f} | "
                         f"{memory['anonymous']:,.0f} | "
                         f"{memory['of files']:,.0f} | {one['requests_per_second']:.1f} | "
                         f"{1e3 * one['median_seconds']:,.0f} |")
        ready, extra, pool = subject["extra_ready_mib"], subject["extra_mib"], subject["kv_pool_mib"]
        met = "met" if extra <= EXTRA_MIB_MAX + pool else "**missed**"
        lines += ["", f"- A further machine takes {ready:,.0f} MiB when it is ready, and {extra:,.0f} MiB after these "
                  f"requests; with all its keys and values, which are {pool:,.0f} MiB, it would take more.",
                  f"- at most {EXTRA_MIB_MAX} MiB and all the keys and values: {met}", ""]
    return "\n".join(lines)


def study(subject, count_max, seconds):
    subject.prepare()
    measured = []
    for count in range(1, count_max + 1):
        progress(f"{subject.name}: {count} of {count_max}")
        measured.append(measure(subject.packed, count, seconds))
    progress("")
    # From two on: the first brings the balancer with it, which one machine has no need of.
    first, last = measured[1], measured[-1]
    added = last.count - first.count
    return {"extra_ready_mib": round((last.ready_mib["total"] - first.ready_mib["total"]) / added, 1),
            "extra_mib": round((last.memory_mib["total"] - first.memory_mib["total"]) / added, 1),
            "kv_pool_mib": round(kv_pool_mib(subject.packed), 1),
            "measured": [
                {"count": one.count, "ready_mib": one.ready_mib, "memory_mib": one.memory_mib,
                 "median_seconds": statistics.median(one.latencies),
                 "requests_per_second": round(one.requests_per_second, 2)} for one in measured]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{SECONDS_QUICK} s of requests instead of {SECONDS}")
    parser.add_argument("--with-7b", action="store_true", help="measure the 7B model as well, which is made first")
    parser.add_argument("--replicas", type=int, default=3, help="machines at most, at least 3 (default: 3)")
    add_output_options(parser)
    arguments = parser.parse_args()
    if arguments.replicas < 3:
        parser.error("--replicas must be at least 3")
    subjects = [Subject("SmolLM2-135M Q4_1", MODEL, 0, 0)]
    if arguments.with_7b:
        make_7b.write(make_7b.default_path(32), 32)
        subjects.append(Subject("7B Q4_0", make_7b.default_path(32), 0, 0))
    seconds = SECONDS_QUICK if arguments.quick else SECONDS
    facts = {**circumstances("kvm"), "processors": PROCESSORS, "date": datetime.date.today().isoformat(),
             "options": " ".join(sys.argv[1:]), "seconds": seconds}
    results = {}
    arguments.output.mkdir(parents=True, exist_ok=True)
    for subject in subjects:
        results[subject.name] = study(subject, arguments.replicas, seconds)
        (arguments.output / "replicas.json").write_text(json.dumps({**facts, "results": results}, indent=1) + "\n")
        (arguments.output / "replicas.md").write_text(markdown(facts, results))
    print(markdown(facts, results))


if __name__ == "__main__":
    main()
