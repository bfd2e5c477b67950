#!/usr/bin/env python3
"""What our own monitor costs: exits of the virtual machine for each token that is streamed, and memory.

Counts of exits come from `hexa-os run --stats`, of machines that stream a short answer and a long one to one client;
the difference, divided by the tokens that the long one has more, is what a token costs. Memory is what
/proc/PID/smaps says while the machine serves. Leaves monitor.json and monitor.md. About a minute.
"""

import argparse
import datetime
import json
import statistics
import sys
import tempfile
from pathlib import Path

from common import add_output_options, circumstances, summary

from guest import Guest
from monitor_cost import COUNTERS, MEMORY_MIB, TOKENS, exits_per_token, memory_overhead_kib, resident_kib, stream

RUNS, RUNS_QUICK = 7, 3
EXITS_TARGET, MEMORY_TARGET_MIB = 2, 8


def memory():
    """MiB that the monitor holds beside guest memory and model, and that the launcher holds."""
    with tempfile.TemporaryDirectory() as folder:
        with Guest("--memory", MEMORY_MIB, accelerator="hexa-vmm", log_path=Path(folder) / "console.log") as guest:
            guest.wait_ready()
            stream(guest.port, 64)
            return {"monitor": memory_overhead_kib(guest.monitor_pid) / 1024,
                    "launcher": resident_kib(guest.process.pid, lambda *_: True) / 1024}


def told(values):
    s = summary(values)
    return f"{s['median']:.2f} ({s['min']:.2f} to {s['max']:.2f})"


def verdict(what, values, target):
    return f"- {what} ≤ {target}: {'met' if statistics.median(values) <= target else '**missed**'}"


def markdown(facts, exits, memories):
    guest = "caused by the guest"
    lines = ["# What the monitor costs", "",
             f"Commit {facts['commit']}, {facts['cpu']}, {facts['date']}. "
             f"Made by `{'bench/monitor.py --quick' if facts['quick'] else 'make bench-monitor'}`.", "",
             "## Exits for each streamed token", "",
             f"SmolLM2-135M Q4_1 streams {TOKENS[0]} and {TOKENS[1]} tokens to one client; what the longer answer "
             "costs more, divided by the tokens that it has more: medians and spread. `caused by the guest` are all "
             "exits but those for interrupts of the host's own, such as its timer; `to the monitor` are accesses that "
             "leave Linux.", "",
             "| processors | " + " | ".join(COUNTERS) + " |", "|---" * (len(COUNTERS) + 1) + "|",
             *(f"| {cpus} | " + " | ".join(told([run[name] for run in runs]) for name in COUNTERS) + " |"
               for cpus, runs in exits.items()), "",
             *(verdict(f"{cpus} processors, {guest}", [run[guest] for run in runs], EXITS_TARGET)
               for cpus, runs in exits.items()), "",
             "## Memory", "",
             "MiB that the processes hold while they serve, shared pages divided among those who share them: the "
             "monitor without the guest's memory, and `hexa-os run`, which waits beside it.", "",
             "| process | MiB |", "|---|---|",
             *(f"| {name} | {told([one[name] for one in memories])} |" for name in ("monitor", "launcher")), "",
             verdict("monitor, MiB", [one["monitor"] for one in memories], MEMORY_TARGET_MIB), ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{RUNS_QUICK} runs instead of {RUNS}")
    add_output_options(parser)
    arguments = parser.parse_args()
    facts = {**circumstances("kvm"), "date": datetime.date.today().isoformat(), "quick": arguments.quick}
    exits, memories = {cpus: [] for cpus in (1, 2)}, []
    for run in range(RUNS_QUICK if arguments.quick else RUNS):
        print(f"run {run + 1}", file=sys.stderr, flush=True)
        for cpus, found in exits.items():
            found.append(exits_per_token(cpus))
        memories.append(memory())
    arguments.output.mkdir(parents=True, exist_ok=True)
    results = {"exits": exits, "memory": memories}
    (arguments.output / "monitor.json").write_text(json.dumps({**facts, "results": results}, indent=1) + "\n")
    (arguments.output / "monitor.md").write_text(markdown(facts, exits, memories))
    print(markdown(facts, exits, memories))


if __name__ == "__main__":
    main()
