"""The order of a whole load test: every phase goes round all systems before the next begins, so that what drifts on
the machine meets all of them, and leaves its results behind before the next starts."""

import statistics
import sys
import time
from dataclasses import dataclass

from loadtest import scenarios
from loadtest.figures import keeps_sla
from loadtest.servers import Running, ServerFailure


@dataclass(frozen=True)
class Schedule:
    """How long each part takes. Seconds are of arrivals, for each system."""

    capacity: float
    # At three quarters of the yardstick's capacity, each round.
    comparison: float
    rounds: int
    # At one rate: for as long as it takes to see so many requests, between two limits.
    probe_requests: int
    probe_range: tuple
    # Of the yardstick's capacity, ascending.
    ladder: tuple
    refinements: int
    hard: float


FULL = Schedule(capacity=14, comparison=28, rounds=2, probe_requests=40, probe_range=(8, 14),
                ladder=(0.25, 0.5, 1.0, 1.5, 2.25, 3.4), refinements=2, hard=12)
QUICK = Schedule(capacity=6, comparison=10, rounds=1, probe_requests=10, probe_range=(4, 6), ladder=(0.5, 1.5),
                 refinements=0, hard=5)

COMPARISON_SHARE = 0.75
HARD_SHARE = 0.5
SATURATION_CONCURRENCY = 16
# Where the yardstick does not even start, others are still measured at a rate near what it was seen to do elsewhere.
CAPACITY_FALLBACK = 4.0


class Campaign:
    """Runs all phases and keeps what came of them in `results`."""

    def __init__(self, systems, model, schedule, yardstick, seconds_max, save):
        self.systems, self.model, self.schedule = systems, model, schedule
        self.yardstick, self.save = yardstick, save
        self.started, self.seconds_max = time.monotonic(), seconds_max
        self.results = {"failures": [], "skipped": [], "capacity": {}, "comparison": {}, "rates": {},
                        "sla_rate": {}, "hard": {}}

    def run(self):
        phases = [self.measure_capacity, self.compare, self.hard_mixes, self.climb]
        for phase in phases:
            phase()
            self.save(self.results)

    # MARK: Phases

    def measure_capacity(self):
        for system in self.systems:
            found = self.attempt(system, "capacity", lambda server: scenarios.capacity(
                server, self.schedule.capacity, 1, SATURATION_CONCURRENCY))
            if found:
                self.results["capacity"][system.name] = found
        known = self.results["capacity"].get(self.yardstick, {}).get("requests_per_second")
        self.base = known or CAPACITY_FALLBACK
        self.results["yardstick"] = {"name": self.yardstick, "capacity": self.base, "measured": bool(known)}

    def compare(self):
        rate = self.base * COMPARISON_SHARE
        for round_number in range(self.schedule.rounds):
            for system in self.rotated(round_number):
                found = self.attempt(system, f"comparison {round_number + 1}", lambda server: scenarios.at_rate(
                    server, rate, self.schedule.comparison, 100 + round_number))
                if found:
                    self.results["comparison"].setdefault(system.name, []).append(found)
            self.save(self.results)

    def climb(self):
        """Up the ladder of rates, each system until it breaks the SLA; then closer to where it did."""
        state = {system.name: {"kept": 0.0, "broken": None} for system in self.systems}
        for step, share in enumerate(self.schedule.ladder):
            for system in self.rotated(step):
                if state[system.name]["broken"] is None:
                    self.probe(system, share * self.base, state[system.name], 200 + step)
            self.save(self.results)
        for step in range(self.schedule.refinements):
            for system in self.rotated(step):
                known = state[system.name]
                if known["broken"] is not None:
                    self.probe(system, (known["kept"] + known["broken"]) / 2, known, 300 + step)
        self.results["sla_rate"] = {name: {"kept": known["kept"], "broken": known["broken"]}
                                    for name, known in state.items() if self.results["rates"].get(name)}

    def probe(self, system, rate, known, seed):
        shortest, longest = self.schedule.probe_range
        seconds = min(max(self.schedule.probe_requests / rate, shortest), longest)
        found = self.attempt(system, f"rate {rate:.2f}/s", lambda server: scenarios.at_rate(
            server, rate, seconds, seed))
        if not found:
            return
        self.results["rates"].setdefault(system.name, []).append(found)
        if not found["requests"]:
            return  # At a low rate it may happen that nobody comes in the time: that shows nothing.
        if keeps_sla(found):
            known["kept"] = max(known["kept"], rate)
        else:
            known["broken"] = min(known["broken"] or rate, rate)

    def hard_mixes(self):
        rate = self.base * HARD_SHARE
        mixes = {
            "long prompt": lambda server: scenarios.long_prompt(server, 400),
            "busy neighbour": lambda server: scenarios.busy_neighbour(server, rate, self.schedule.hard, 401),
            "storm": lambda server: scenarios.storm(server, rate, self.schedule.hard, 402),
        }
        for step, (name, mix) in enumerate(mixes.items()):
            for system in self.rotated(step):
                found = self.attempt(system, name, mix)
                if found:
                    self.results["hard"].setdefault(name, {})[system.name] = found
            self.save(self.results)

    # MARK: Inside

    def rotated(self, count):
        count %= len(self.systems)
        return self.systems[count:] + self.systems[:count]

    def attempt(self, system, what, work):
        """What `work` makes of a freshly started server; None, and the reason kept, when there is none."""
        elapsed = time.monotonic() - self.started
        if elapsed > self.seconds_max:
            self.results["skipped"].append(f"{system.name}: {what} (the time was up)")
            return None
        print(f"[{elapsed:4.0f} s] {what}: {system.name}", file=sys.stderr, flush=True)
        try:
            with Running(system, self.model) as server:
                return work(server)
        except (ServerFailure, OSError, ValueError, KeyError, StopIteration, statistics.StatisticsError) as error:
            self.results["failures"].append(f"{system.name}: {what}: {error}")
            print(f"         failed: {error}", file=sys.stderr, flush=True)
            return None
