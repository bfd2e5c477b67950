#!/usr/bin/env python3
"""What a law check costs on the host: few rules, many rules, delegated capabilities, recorded denials."""

import subprocess

from common import ROOT, parse_arguments, progress, report


def main():
    arguments = parse_arguments(__doc__, runs=9)
    build = ["swift", "build", "-c", "release", "--product", "law-bench"]
    subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    figures = {}
    for run in range(arguments.runs):
        progress(f"run {run + 1} of {arguments.runs}")
        output = subprocess.run([ROOT / ".build/release/law-bench"], check=True, capture_output=True, text=True).stdout
        for line in output.splitlines():
            name, nanoseconds = line.split()
            figures.setdefault(f"{name} rules", ("ns", []))[1].append(float(nanoseconds))
    report(arguments, figures)


if __name__ == "__main__":
    main()
