#!/usr/bin/env python3
"""What a law check, a program's kernel call and a switch between programs cost, beside Linux's own, in one run.

Leaves law.json and law.md. With --guest also the check, the kernel call and the switch inside the
machine (build/hexa-os)."""

import argparse
import datetime
import json
import re
import subprocess
import time
from pathlib import Path

from common import ROOT, SCRATCH, add_output_options, circumstances, law_for_programs, progress, summary

CALLS = 4_000_000
LOOP = "let n = request().trim().parse_int()\nlet mut i = 0\nwhile i < n { BODY i += 1 }\nrespond(to_string(i))"


def measure_host(runs):
    """`{name: [nanoseconds]}` of the program that measures on the host."""
    build = ["swift", "build", "-c", "release", "--product", "law-bench"]
    subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    figures = {}
    for run in range(runs):
        progress(f"run {run + 1} of {runs}")
        output = subprocess.run([ROOT / ".build/release/law-bench"], check=True, capture_output=True, text=True).stdout
        for line in output.splitlines():
            name, nanoseconds = line.split()
            figures.setdefault(name, []).append(float(nanoseconds))
    return figures


def measure_guest(runs, accelerator, folder):
    """Nanoseconds of a kernel call in the machine: a loop of calls less the same loop without, seen from outside."""
    from guest import Guest
    from raw_http import Client
    headers = {"Authorization": "Bearer bench"}
    seconds = {"calling": [], "looping": []}
    with Guest("--law", law_for_programs(folder, ["calling", "looping"]), accelerator=accelerator,
               log_path=folder / "console.log", api_key="bench") as guest:
        guest.wait_ready()
        with Client(guest.port) as client:
            for name, body in [("calling", "now()\n"), ("looping", "")]:
                source = LOOP.replace("BODY", body).encode()
                assert client.request("POST", f"/v1/programs/{name}", headers=headers, body=source).status == 200
            for _ in range(runs):
                for name in seconds:
                    start = time.perf_counter()
                    answer = client.request("POST", f"/v1/programs/{name}/invoke", headers=headers,
                                            body=str(CALLS).encode())
                    seconds[name].append(time.perf_counter() - start)
                    assert answer.body == str(CALLS).encode(), answer.body
        guest.stop()
    return [(calling - looping) / CALLS * 1e9 for calling, looping in zip(seconds["calling"], seconds["looping"])]


def measure_kernel(runs, accelerator):
    """`{name: [nanoseconds]}` that the kernel measures itself: a check, and a switch between two programs."""
    from guest import boot_to_the_end
    figures = {}
    for _ in range(runs):
        console = boot_to_the_end(accelerator, "hexa.self-test=law-speed").stdout
        lines = re.findall(r"speed: (\S+) (\d+) ps", console)
        assert len(lines) == 2, console
        for name, picoseconds in lines:
            figures.setdefault(f"guest-{name}", []).append(int(picoseconds) / 1_000)
    return figures


def targets(figures):
    """What the measurements are held against: `(what, value, limit, unit)`, medians."""
    median = {name: summary(values)["median"] for name, values in figures.items()}
    rows = [
        ("check of a kernel target", median["kernel-target/10"], 10, "ns"),
        ("the same with 10,000 rules, as a multiple", median["kernel-target/10000"] / median["kernel-target/10"], 2,
         "times"),
        ("kernel call of a program, check included", median["kernel-call"], 80, "ns"),
        ("that, as a share of Linux's getpid", median["kernel-call"] / median["linux-getpid"], 1, "times"),
        ("switch between two programs", median["switch"], 300, "ns"),
        ("that, as a share of a Linux pipe round trip", median["switch"] / median["linux-pipe-round-trip"], 1, "times"),
    ]
    for name, what, limit in [("guest-law-check", "check of a kernel target", 10),
                              ("guest-kernel-call", "kernel call of a program", 80),
                              ("guest-switch", "switch between two programs", 300)]:
        if name in median:
            rows.append((f"{what}, in the machine", median[name], limit, "ns"))
    return rows


def markdown(facts, figures):
    lines = ["# Law and kernel calls", "",
             f"Commit {facts['commit']}, {facts['cpu']}, {facts['date']}. Made by `bench/law.py`; medians of one run. "
             "CPU time of one thread, wall time for the pipe and for the machine.", "",
             "| target | measured | at most | |", "|---|---|---|---|"]
    for what, value, limit, unit in targets(figures):
        lines.append(f"| {what} | {value:.2f} {unit} | {limit} {unit} | {'met' if value <= limit else 'missed'} |")
    lines += ["", "| what | ns | spread |", "|---|---|---|"]
    for name, values in figures.items():
        s = summary(values)
        lines.append(f"| {name} | {s['median']:.2f} | {s['min']:.2f} to {s['max']:.2f} |")
    lines += ["", "`NAME/N` are checks under a law of N rules. `kernel-call` is a loop of `now()` less the same loop "
              "without, through the interpreter, the law and back; `switch` goes from one program's run to another's, "
              "an iteration each.", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9, help="how often to measure (default: 9)")
    parser.add_argument("--guest", action="store_true", help="measure inside the machine too")
    parser.add_argument("--accel", choices=["kvm", "tcg"], default="kvm", help="default: kvm")
    add_output_options(parser)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    figures = measure_host(arguments.runs)
    if arguments.guest:
        folder = SCRATCH
        folder.mkdir(parents=True, exist_ok=True)
        figures["guest-kernel-call"] = measure_guest(arguments.runs, arguments.accel, folder)
        figures |= measure_kernel(arguments.runs, arguments.accel)
    facts = {**circumstances(arguments.accel), "date": datetime.date.today().isoformat()}
    results = {name: {"unit": "ns", **summary(values)} for name, values in figures.items()}
    (arguments.output / "law.json").write_text(json.dumps({**facts, "figures": results}, indent=1) + "\n")
    text = markdown(facts, figures)
    (arguments.output / "law.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
