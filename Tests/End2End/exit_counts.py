"""What a streamed token costs in exits of the virtual machine, for the test of it and for bench/exits.py."""

import tempfile
from pathlib import Path

from guest import Guest
from raw_http import Client

# Of the short answer and the long one.
TOKENS = (16, 216)
PROMPT = "Once upon a time, in a small village by the sea, there lived a fisherman who"
COUNTERS = ["all", "caused by the guest", "to the monitor", "halts", "interrupts injected"]


def counts(cpus, token_count):
    """The counts of a machine that streams so many tokens to one client, and how many it did stream."""
    with tempfile.TemporaryDirectory() as folder:
        with Guest("--stats", "--cpus", cpus, accelerator="hexa-vmm", log_path=Path(folder) / "console.log") as guest:
            guest.wait_ready()
            body = {"prompt": PROMPT, "max_tokens": token_count, "temperature": 0, "ignore_eos": True, "stream": True,
                    "stream_options": {"include_usage": True}}
            with Client(guest.port) as client:
                answer = client.request("POST", "/v1/completions", json=body)
            assert answer.status == 200, answer
            guest.process.send_signal(2)
            event = guest.next_event(timeout=20)
            assert event["event"] == "statistics", event
            guest.process.wait(timeout=20)
    streamed = answer.body.count(b'"text":')
    kvm = event["kvm"]
    return {
        "tokens": streamed,
        "all": kvm["exits"],
        "caused by the guest": kvm["exits"] - kvm["irq_exits"],
        "to the monitor": sum(event["vcpu"].values()),
        "halts": kvm["halt_exits"],
        "interrupts injected": kvm["irq_injections"],
    }


def exits_per_token(cpus):
    short, long = (counts(cpus, token_count) for token_count in TOKENS)
    more = long["tokens"] - short["tokens"]
    assert more >= 100, f"only {more} tokens more: {short}, {long}"
    return {name: (long[name] - short[name]) / more for name in COUNTERS}
