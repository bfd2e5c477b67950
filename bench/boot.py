#!/usr/bin/env python3
"""How long from nothing to an answer: process start to /health 200, and to the first token of a short prompt.

The model file is in the page cache (the first boot, not counted, puts it there).
"""

import tempfile
import time
from pathlib import Path

from common import parse_arguments, progress, report

from guest import Guest
from raw_http import Client

PROMPT = {"prompt": "The capital of France is", "max_tokens": 1, "temperature": 0}


def boot(accelerator, folder):
    """One boot: seconds to ready, by our clock and by hexa-os's own, to the first token, and to power off."""
    with Guest(accelerator=accelerator, log_path=Path(folder) / "console.log") as guest:
        started = time.monotonic()
        event = guest.next_event(timeout=300)
        ready = time.monotonic() - started
        with Client(guest.port) as client:
            assert client.request("POST", "/v1/completions", json=PROMPT).status == 200
        first_token = time.monotonic() - started
        ending = time.monotonic()
        guest.stop()
        return ready, event["boot_seconds"], first_token, time.monotonic() - ending


def main():
    arguments = parse_arguments(__doc__.splitlines()[0], runs=9)
    with tempfile.TemporaryDirectory() as folder:
        boot(arguments.accel, folder)
        rows = []
        for run in range(arguments.runs):
            progress(f"boot {run + 1} of {arguments.runs}")
            rows.append(boot(arguments.accel, folder))
    progress("")
    ready, told, first_token, end = zip(*rows)
    report(arguments, {
        "process start to /health 200": ("s", ready),
        "the same, as hexa-os tells it": ("s", told),
        "process start to first token (5-token prompt)": ("s", first_token),
        "Ctrl-C to the end of the process": ("s", end),
    })


if __name__ == "__main__":
    main()
