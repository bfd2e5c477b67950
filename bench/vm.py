#!/usr/bin/env python3
"""hexa's machine against PUC Lua 5.4 on six programs, and how fast the compiler reads source.

Each program of bench/vm/programs exists in both languages and prints the same. The two take turns, each a process of
its own, and are charged their processor time, so that what else runs here disturbs little. Leaves
vm.json, vm.md and a chart. About a minute; --quick takes a quarter of that. With --guest the programs run
in the machine as well (build/hexa-os), seen from outside: wall time, the request and compilation left out.
"""

import argparse
import datetime
import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from charts import bar_chart
from common import ROOT, add_output_options, circumstances, law_for_programs

PROGRAMS = ROOT / "bench" / "vm" / "programs"
HEXA, LUA = ROOT / "build" / "hexa", "lua5.4"
RUNS, RUNS_QUICK = 9, 2
# All that a run in the machine can get.
GUEST_HEAP_BYTES = 16 << 20

RATIO_TARGET = 1.0
LINES_PER_MINUTE_TARGET = 500_000
COMPILED_LINES = 100_000

FUNCTION = """\
fn step_{0}(values, limit: int) -> int {{
    let mut total = 0
    for i in 0..limit {{
        if values[i] % 3 == {1} && i > 2 {{
            total += values[i] * 2 - i
        }} else {{
            total -= min(values[i], limit)
        }}
    }}
    total
}}
"""


def processor_seconds(command):
    """What a command prints, and the processor time it takes, the kernel's part included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return output, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(name, runs):
    """Processor seconds of both languages on one program, in turns."""
    commands = {"hexa": [HEXA, "run", PROGRAMS / f"{name}.hexa"], "lua": [LUA, PROGRAMS / f"{name}.lua"]}
    seconds, printed = {"hexa": [], "lua": []}, {}
    for run in range(runs):
        for language in commands if run % 2 == 0 else reversed(commands):
            printed[language], spent = processor_seconds(commands[language])
            seconds[language].append(round(spent, 4))
        if printed["hexa"] != printed["lua"]:
            sys.exit(f"{name}: hexa prints {printed['hexa']!r}, Lua prints {printed['lua']!r}")
    return seconds


def lines_per_minute(runs):
    """Lines of source that `hexa check` compiles and verifies in a minute, process start included."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "large.hexa"
        copies = COMPILED_LINES // FUNCTION.count("\n")
        source.write_text("".join(FUNCTION.format(index, index % 3) for index in range(copies)))
        lines = copies * FUNCTION.count("\n")
        return [round(lines / processor_seconds([HEXA, "check", source])[1] * 60) for _ in range(runs)]


def measure_guest(runs, accelerator):
    """`{program: [seconds]}` in the machine; a program that gets less memory there than it needs has none."""
    from guest import Guest
    from raw_http import Client
    names = sorted(path.stem for path in PROGRAMS.glob("*.hexa"))
    headers = {"Authorization": "Bearer bench"}
    seconds = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        law = law_for_programs(Path(folder), names, quotas={"heap_bytes": GUEST_HEAP_BYTES})
        with Guest("--law", law, accelerator=accelerator, log_path=Path(folder) / "console.log",
                   api_key="bench") as guest:
            guest.wait_ready()
            with Client(guest.port) as client:
                for name in names:
                    source = (PROGRAMS / f"{name}.hexa").read_bytes()
                    route = f"/v1/programs/{name}"
                    assert client.request("POST", route, headers=headers, body=source).status == 200
                    for _ in range(runs):
                        started = time.perf_counter()
                        answer = client.request("POST", f"{route}/invoke", headers=headers)
                        if answer.status != 200:
                            assert "memory" in answer.error["message"], answer.body
                            break
                        seconds[name].append(round(time.perf_counter() - started, 4))
            guest.stop()
    return seconds


def measure(runs):
    programs = {}
    for name in sorted(path.stem for path in PROGRAMS.glob("*.hexa")):
        print(f"{name}: {runs} runs each", file=sys.stderr, flush=True)
        programs[name] = compare(name, runs)
    return {"programs": programs, "lines_per_minute": lines_per_minute(runs)}


# MARK: The report


def ratio(seconds):
    """How many times as fast hexa is."""
    return statistics.median(seconds["lua"]) / statistics.median(seconds["hexa"])


def geometric_mean(values):
    return math.exp(statistics.mean(math.log(value) for value in values))


def spread(values, scale, digits):
    middle, low, high = (value * scale for value in (statistics.median(values), min(values), max(values)))
    return f"{middle:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def verdict(value, target):
    return f"≥ {target:,}: {'met' if value >= target else '**missed**'}"


def markdown(facts, results):
    programs, lines = results["programs"], results["lines_per_minute"]
    mean = geometric_mean([ratio(seconds) for seconds in programs.values()])
    text = ["# The language", "",
            f"Commit {facts['commit']}, {facts['cpu']}, {facts['lua']}, {facts['date']}. "
            f"Made by `{'bench/vm.py --quick' if facts['quick'] else 'make bench-vm'}`.", "",
            "Milliseconds of processor time, process start and compilation included; medians and spread of "
            f"{facts['runs']} runs each, in turns. A ratio above 1 means that hexa is faster.", "",
            "| program | hexa | Lua 5.4 | ratio | target |", "|---|---|---|---|---|"]
    for name, seconds in programs.items():
        hexa, lua = (spread(seconds[language], 1e3, 0) for language in ("hexa", "lua"))
        text.append(f"| {name} | {hexa} | {lua} | {ratio(seconds):.2f} | |")
    text += [f"| geometric mean | | | {mean:.2f} | {verdict(mean, RATIO_TARGET)} |", "",
             f"Compiler, on one core, {COMPILED_LINES:,} lines: {spread(lines, 1, 0)} lines a minute; "
             f"{verdict(statistics.median(lines), LINES_PER_MINUTE_TARGET)}.", ""]
    return "\n".join(text)


def guest_markdown(results):
    lines = ["In the machine, milliseconds of wall time as a client sees them, beside the processor time above:", "",
             "| program | in the machine | `hexa run` |", "|---|---|---|"]
    for name, seconds in results["guest"].items():
        there = spread(seconds, 1e3, 0) if seconds else "needs more memory than a run gets there"
        lines.append(f"| {name} | {there} | {spread(results['programs'][name]['hexa'], 1e3, 0)} |")
    return "\n".join([*lines, ""])


def draw(folder, results):
    bar_chart(folder / "vm.svg", "hexa and Lua 5.4 on the same programs", "milliseconds of processor time", {
        name: {"hexa": statistics.median(seconds["hexa"]) * 1e3, "Lua 5.4": statistics.median(seconds["lua"]) * 1e3}
        for name, seconds in results["programs"].items()})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a rough look")
    parser.add_argument("--guest", action="store_true", help="run the programs in the machine too")
    parser.add_argument("--accel", choices=["kvm", "tcg"], default="kvm", help="of the machine (default: kvm)")
    add_output_options(parser)
    arguments = parser.parse_args()
    runs = RUNS_QUICK if arguments.quick else RUNS
    version = subprocess.run([LUA, "-v"], check=True, capture_output=True, text=True).stdout.split("  ")[0]
    facts = {**circumstances("none"), "lua": version.strip(), "date": datetime.date.today().isoformat(),
             "quick": arguments.quick, "runs": runs}
    results = measure(runs)
    if arguments.guest:
        results["guest"] = measure_guest(runs, arguments.accel)
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "vm.json").write_text(json.dumps({**facts, "results": results}, indent=1) + "\n")
    text = markdown(facts, results) + ("\n" + guest_markdown(results) if arguments.guest else "")
    (arguments.output / "vm.md").write_text(text)
    draw(arguments.output, results)
    print(text)


if __name__ == "__main__":
    main()
