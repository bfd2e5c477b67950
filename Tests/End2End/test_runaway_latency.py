"""What programs that mean no good cost the requests of others: nothing that shows in their p99.

The machine has one processor and the client another, so that what is measured is the machine's own doing. Requests are
short and many, before and beside each kind of program; two runs with nothing beside them tell how much a p99 moves by
itself.
"""

import contextlib
import math
import socket
import threading
import time

import pytest

from conftest import ROOT_KEY, USER_KEY
from guest import ROOT
from raw_http import Client
from test_programs import install

REQUESTS = 150
ROUNDS = 2
# The p99 of so many requests is two samples: on a quiet computer it differs by as much from one run to the next.
NOISE_MIN = 0.2
COMPLETION = {"prompt": "Once upon a time", "max_tokens": 4, "temperature": 0}

RUNAWAYS = {
    "loops": "while true { }",
    "recurses": "fn f(n) { f(n + 1) }\nf(0)",
    "allocates": "let mut a = []\nwhile true { a.push([0; 1000]) }",
}


def p99_milliseconds(guest):
    """The time that all but one of a hundred requests stay under."""
    seconds = []
    with Client(guest.port) as client:
        for _ in range(REQUESTS):
            started = time.perf_counter()
            assert client.request("POST", "/v1/completions", headers=USER_KEY, json=COMPLETION).status == 200
            seconds.append(time.perf_counter() - started)
    return round(sorted(seconds)[math.ceil(0.99 * REQUESTS) - 1] * 1_000, 1)


class Runaway:
    """A client that runs a program again as soon as it has been stopped."""

    def __init__(self, guest):
        self.port = guest.port
        self.client = None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ended.is_set():
            with Client(self.port, timeout=150) as self.client:
                self.client.send_request("POST", "/v1/programs/stream/invoke", headers=ROOT_KEY)
                try:
                    self.client.receive()
                except (AssertionError, ConnectionError, OSError, ValueError):
                    pass

    def __enter__(self):
        self.thread.start()
        time.sleep(0.1)

    def __exit__(self, *_):
        self.ended.set()
        deadline = time.monotonic() + 10
        # The thread may be between two connections: this one is closed then, and another may follow.
        while self.thread.is_alive() and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                self.client.socket.shutdown(socket.SHUT_RDWR)
            self.thread.join(timeout=0.1)
        assert not self.thread.is_alive()


def measure(guest):
    """The p99 of two runs alone, and of one beside each runaway, in milliseconds."""
    alone = [p99_milliseconds(guest)]
    beside = {}
    for name, source in RUNAWAYS.items():
        assert install(guest, "stream", source).status == 200
        with Runaway(guest):
            beside[name] = p99_milliseconds(guest)
    return [*alone, p99_milliseconds(guest)], beside


@pytest.mark.heavy
def test_runaway_programs_do_not_move_the_p99_of_others(start_guest):
    guest = start_guest("--law", ROOT / "examples" / "raw.json", "--cpus", "1",
                        accelerator="hexa-vmm", api_key="root-key").wait_ready()
    p99_milliseconds(guest)
    rounds = []
    # What else the computer does can hit one round, and then hits it by more than the bound.
    for _ in range(ROUNDS):
        alone, beside = measure(guest)
        noise = max(abs(alone[0] - alone[1]), NOISE_MIN * max(alone))
        rounds.append(f"alone {alone}, beside {beside}, noise {noise:.1f}")
        if max(beside.values()) <= max(alone) + noise:
            break
    else:
        pytest.fail("p99 in ms: " + "; ".join(rounds))
    print("p99 in ms:", rounds[-1])
