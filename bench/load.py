#!/usr/bin/env python3
"""Latency and throughput under load: HEXA-OS in a microVM, hexa-serve and llama-server, by one open-loop client.

Finds llama-server's capacity, compares all systems at three quarters of it, puts them through three hard mixes, and
looks for the highest rate at which each keeps the SLA. Leaves load.json, load.md and charts, after each
part, so that an interrupted run leaves what it has. About a quarter of an hour; --quick takes about three minutes.
"""

import argparse
import datetime
import json
import sys
from pathlib import Path

from common import ROOT, add_output_options, circumstances

from guest import MODEL
from loadtest.campaign import FULL, QUICK, Campaign
from loadtest.report import LoadReport
from loadtest.servers import PROCESSORS, known_systems

YARDSTICK = "llama-server"
SECONDS_MAX, SECONDS_MAX_QUICK = 870, 240


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a rough look in about three minutes")
    parser.add_argument("--model", type=Path, default=MODEL, help="a GGUF file (default: SmolLM2)")
    parser.add_argument("--systems", help="only these, separated by commas (default: all that are built)")
    add_output_options(parser)
    parser.add_argument("--seconds", type=float, help="begin nothing after so many seconds")
    return parser.parse_args()


def choose(arguments):
    """The systems to test, with a word about those that are missing."""
    systems = known_systems()
    if arguments.systems:
        wanted = arguments.systems.split(",")
        unknown = set(wanted) - {system.name for system in systems}
        if unknown:
            sys.exit(f"unknown system {', '.join(sorted(unknown))}: there are "
                     f"{', '.join(system.name for system in systems)}")
        systems = [system for system in systems if system.name in wanted]
    for system in systems:
        if not system.program.exists():
            hint = "scripts/build-llama" if "llama" in system.name else "make build"
            print(f"{system.name} is left out: {system.program.relative_to(ROOT)} is missing ({hint} makes it)",
                  file=sys.stderr)
    return [system for system in systems if system.program.exists()]


def main():
    arguments = parse()
    systems = choose(arguments)
    if not systems:
        sys.exit("nothing to test")
    facts = {**circumstances("kvm"), "processors": PROCESSORS, "model": arguments.model.name,
             "date": datetime.date.today().isoformat(), "quick": arguments.quick}
    described = [{"name": system.name, "description": system.description, "flags": system.flags}
                 for system in systems]
    arguments.output.mkdir(parents=True, exist_ok=True)

    def save(results):
        (arguments.output / "load.json").write_text(
            json.dumps({**facts, "systems": described, "results": results}, indent=1) + "\n")
        report = LoadReport(facts, described, results)
        (arguments.output / "load.md").write_text(report.markdown())
        report.draw(arguments.output)

    seconds_max = arguments.seconds or (SECONDS_MAX_QUICK if arguments.quick else SECONDS_MAX)
    campaign = Campaign(systems, arguments.model, QUICK if arguments.quick else FULL, YARDSTICK, seconds_max, save)
    campaign.run()
    print((arguments.output / "load.md").read_text())


if __name__ == "__main__":
    main()
