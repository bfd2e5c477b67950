#!/usr/bin/env python3
"""How fast the guest computes: decode of one stream, of eight at once, and prefill of a 512-token prompt."""

import itertools
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from common import parse_arguments, progress, report

from guest import Guest
from raw_http import Client

DECODE_TOKENS = 128
PREFILL_TOKENS = 512
STREAM_COUNT = 8
# Where prompts begin in the vocabulary: each elsewhere, so that none finds the beginning of another computed.
prompt_starts = itertools.count(1_000, PREFILL_TOKENS)


def stream(port, prompt, token_count):
    """Generates greedily; answers when each chunk arrived, after the request."""
    with Client(port) as client:
        started = time.monotonic()
        client.send_request("POST", "/v1/completions", json={
            "prompt": prompt, "max_tokens": token_count, "temperature": 0, "stream": True, "ignore_eos": True,
            "stream_options": {"include_usage": True}})
        status, _, _ = client.receive_head()
        assert status == 200
        arrivals, usage = [], None
        for event in client.events():
            arrivals.append(time.monotonic() - started)
            usage = event.get("usage") or usage
        return arrivals, usage["completion_tokens"]


def decode_rate(port):
    """Tokens per second between the first token and the last."""
    arrivals, count = stream(port, "Once upon a time", DECODE_TOKENS)
    return (count - 1) / (arrivals[-1] - arrivals[0])


def prefill_rate(port):
    """Prompt tokens per second until the first token."""
    first = next(prompt_starts)
    arrivals, _ = stream(port, list(range(first, first + PREFILL_TOKENS)), 1)
    return PREFILL_TOKENS / arrivals[0]


def aggregate_rate(port):
    """Tokens per second of several streams together, prompts included."""
    started = time.monotonic()
    with ThreadPoolExecutor(STREAM_COUNT) as pool:
        counts = list(pool.map(lambda _: stream(port, "Once upon a time", DECODE_TOKENS)[1], range(STREAM_COUNT)))
    return sum(counts) / (time.monotonic() - started)


def main():
    arguments = parse_arguments(__doc__.splitlines()[0], runs=5)
    measures = {"decode, one stream": decode_rate, f"decode, {STREAM_COUNT} streams together": aggregate_rate,
                f"prefill, {PREFILL_TOKENS} tokens": prefill_rate}
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        with Guest(accelerator=arguments.accel, log_path=Path(folder) / "console.log") as guest:
            guest.wait_ready()
            for name, measure in measures.items():
                measure(guest.port)
                values = []
                for run in range(arguments.runs):
                    progress(f"{name}: {run + 1} of {arguments.runs}")
                    values.append(measure(guest.port))
                figures[name] = ("tokens/s", values)
            guest.stop()
    progress("")
    report(arguments, figures)


if __name__ == "__main__":
    main()
