"""What our own monitor costs, for the tests of it and for bench/monitor.py: exits of the virtual machine for a streamed
token, and memory beside the guest's."""

import re
import signal
import tempfile
from pathlib import Path

from guest import END_TIMEOUT_SECONDS, Guest
from raw_http import Client

# Of the short answer and the long one.
TOKENS = (16, 216)
PROMPT = "Once upon a time, in a small village by the sea, there lived a fisherman who"
COUNTERS = ["all", "caused by the guest", "to the monitor", "halts", "interrupts injected"]
MEMORY_MIB = 512


def counts(cpus, token_count):
    """The counts of a machine that streams so many tokens to one client, and how many it did stream."""
    with tempfile.TemporaryDirectory() as folder:
        with Guest("--stats", "--cpus", cpus, accelerator="hexa-vmm", log_path=Path(folder) / "console.log") as guest:
            guest.wait_ready()
            streamed = stream(guest.port, token_count)
            guest.process.send_signal(signal.SIGINT)
            event = guest.next_event(timeout=END_TIMEOUT_SECONDS)
            assert event["event"] == "statistics", event
            assert guest.process.wait(timeout=END_TIMEOUT_SECONDS) == 0
    kvm = event["kvm"]
    return {
        "tokens": streamed,
        "all": kvm["exits"],
        "caused by the guest": kvm["exits"] - kvm["irq_exits"],
        "to the monitor": sum(event["vcpu"].values()),
        "halts": kvm["halt_exits"],
        "interrupts injected": kvm["irq_injections"],
    }


def stream(port, token_count):
    """Streams an answer to one client; how many tokens it had."""
    body = {"prompt": PROMPT, "max_tokens": token_count, "temperature": 0, "ignore_eos": True, "stream": True,
            "stream_options": {"include_usage": True}}
    with Client(port) as client:
        answer = client.request("POST", "/v1/completions", json=body)
    assert answer.status == 200, answer
    return int(re.search(rb'"completion_tokens":\s*(\d+)', answer.body).group(1))


def exits_per_token(cpus):
    """What a token costs: what the long answer has more, divided by the tokens that it has more. Boot, prompt and
    power-off cancel out."""
    short, long = (counts(cpus, token_count) for token_count in TOKENS)
    more = long["tokens"] - short["tokens"]
    assert more >= 100, f"only {more} tokens more: {short}, {long}"
    return {name: (long[name] - short[name]) / more for name in COUNTERS}


def resident_kib(pid, is_counted):
    """KiB that a process holds, shared pages divided among those who share them, in the mappings that are counted by
    their size in KiB and their file's path."""
    total, counted = 0, False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if head := re.match(r"([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+ *(.*)", line):
            counted = is_counted((int(head[2], 16) - int(head[1], 16)) >> 10, head[3])
        elif counted and line.startswith("Pss:"):
            total += int(line.split()[1])
    return total


def memory_overhead_kib(monitor_pid):
    """KiB of the monitor beside the guest's memory, of MEMORY_MIB, and the model where that is mapped."""
    def is_beside(kib, path):
        return kib != MEMORY_MIB << 10 and not path.endswith(".hxm")

    guest_kib = resident_kib(monitor_pid, lambda kib, _: kib == MEMORY_MIB << 10)
    assert guest_kib > 8 << 10, f"no mapping of {MEMORY_MIB} MiB is the guest's memory"
    return resident_kib(monitor_pid, is_beside)
