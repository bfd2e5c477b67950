"""What is done to a server: a closed loop for its capacity, Poisson arrivals at a rate, and three hard mixes."""

import os
import random
import subprocess
import sys
import time
from dataclasses import replace

from loadtest import arrivals
from loadtest.answers import read
from loadtest.arrivals import Mix
from loadtest.client import ClosedLoop, OpenLoop
from loadtest.figures import finite, percentiles, summarize

# Of a run: what is asked in this first part is not counted.
WARM_UP_SHARE = 0.1
GRACE_SECONDS = 10
# Of the closed loop: until all slots are busy with different parts of their answers.
RAMP_SHARE = 0.25
# In the storm, how many clients leave for each that stays.
LEAVERS_PER_STAYER = 3
# The first events of an answer bring little; a client that leaves has seen some of it.
LEAVES_AFTER_EVENTS = 3
STREAM_COUNT = 4
STREAM_TOKENS = 600
LONG_PROMPT_TOKENS = 4_000
LONG_PROMPT_AFTER = 2.0
LONG_PROMPT_SECONDS_MAX = 28


def measured(server, work, seconds_of_arrivals):
    """Runs `work`, which yields exchanges; their answers summarised with what the run took."""
    began, server_cpu, own_cpu = time.monotonic(), server.cpu_seconds(), time.process_time()
    exchanges = work()
    elapsed = time.monotonic() - began
    answers = [read(exchange) for exchange in exchanges]
    start = exchanges[0].scheduled if exchanges else began
    warm = start + seconds_of_arrivals * WARM_UP_SHARE
    counted = [answer for answer in answers if answer.scheduled >= warm]
    summary = summarize(counted, seconds_of_arrivals * (1 - WARM_UP_SHARE))
    summary["server_cores"] = round((server.cpu_seconds() - server_cpu) / elapsed, 3)
    summary["client_cores"] = round((time.process_time() - own_cpu) / elapsed, 4)
    return summary, answers


def capacity(server, seconds, seed, concurrency):
    """Requests and tokens a second when there are always more to do than there are slots, once all are busy.

    Tokens are counted, those of unfinished answers too: whole answers would be too few to count in so short a time.
    """
    client = ClosedLoop(server.port)
    began = time.monotonic()
    exchanges = client.saturate(Mix(f"capacity {seed}"), concurrency, seconds)
    answers = [read(exchange) for exchange in exchanges]
    good = [answer for answer in answers if answer.succeeded]
    counted_from = began + seconds * RAMP_SHARE
    events = sum(answer.scheduled + token >= counted_from for answer in answers for token in answer.token_times)
    # An event brings one token, or nearly: some tokens are part of a character.
    events_good = sum(len(answer.token_times) for answer in good)
    tokens_each = sum(answer.token_count for answer in good) / events_good if events_good else 1
    tokens_per_second = events * tokens_each / (seconds * (1 - RAMP_SHARE))
    errors = {answer.error for answer in answers if answer.error not in (None, "unanswered")}
    return {"requests_per_second": tokens_per_second / expected_tokens(), "tokens_per_second": tokens_per_second,
            "completed": len(good), "errors": sorted(errors)}


def expected_tokens(count=4_000):
    """The mean length of the mix's answers."""
    mix = Mix(0)
    return sum(mix.next().answer_tokens for _ in range(count)) / count


def at_rate(server, rate, seconds, seed):
    """The mix, arriving at `rate` requests a second."""
    plan = arrivals.plan(rate, seconds, seed)
    summary, _ = measured(server, lambda: OpenLoop(server.port).run(plan, GRACE_SECONDS), seconds)
    return {"rate": rate, **summary}


def long_prompt(server, seed):
    """Streaming chats, and a prompt of about 4,000 tokens that arrives in their midst."""
    generator = random.Random(seed)
    streams = [(0.05 * index, arrivals.chat("stream", arrivals.text(generator, 20), STREAM_TOKENS))
               for index in range(STREAM_COUNT)]
    # Words of this list are a little more than one token each.
    prompt = arrivals.chat("long", arrivals.text(generator, int(LONG_PROMPT_TOKENS / 1.12)), 4)
    plan = [*streams, (LONG_PROMPT_AFTER, prompt)]
    finished = []

    def until(exchanges):
        """A second after the long prompt's answer is complete."""
        if not finished and any(b"[DONE]" in piece for exchange in exchanges if exchange.request.kind == "long"
                                for _, piece in exchange.pieces[-1:]):
            finished.append(time.monotonic())
        return bool(finished) and time.monotonic() - finished[0] > 1

    exchanges = OpenLoop(server.port).run(plan, LONG_PROMPT_SECONDS_MAX, until)
    answers = [read(exchange) for exchange in exchanges]
    long_answer = next(answer for answer in answers if answer.kind == "long")
    arrived = next(exchange.scheduled for exchange in exchanges if exchange.request.kind == "long")
    before, during = gaps_around(exchanges, answers, arrived, long_answer)
    first = long_answer.token_times[0] if long_answer.token_times else None
    return {"longest_gap": finite(max(during, default=None)), "gap_during": rounded(percentiles(during)),
            "gap_before": rounded(percentiles(before)), "long_prompt_time_to_first": finite(first),
            "long_prompt_tokens": long_answer.prompt_tokens, "error": None if first else long_answer.error}


def gaps_around(exchanges, answers, arrived, long_answer):
    """The streams' gaps that ended before the long prompt arrived, and those that it may have lengthened."""
    end = arrived + (long_answer.token_times[0] if long_answer.token_times else LONG_PROMPT_SECONDS_MAX)
    before, during = [], []
    for exchange, answer in zip(exchanges, answers):
        if answer.kind != "stream":
            continue
        times = [exchange.scheduled + token for token in answer.token_times]
        for earlier, later in zip(times, times[1:]):
            if later < arrived:
                before.append(later - earlier)
            elif earlier < end:
                during.append(later - earlier)
        # A stream that never went on counts with the wait that it ended in.
        if times and times[-1] < end and len(times) < STREAM_TOKENS // 2:
            during.append(end - times[-1])
    return before, during


def rounded(measure):
    return {key: value if key == "count" else finite(value) for key, value in measure.items()}


def busy_neighbour(server, rate, seconds, seed):
    """The mix, while a process of somebody else's keeps one core busy."""
    spinner = "while True: pass"
    core = max(os.sched_getaffinity(0))
    neighbour = subprocess.Popen([sys.executable, "-c", spinner],
                                 preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    try:
        return at_rate(server, rate, seconds, seed)
    finally:
        neighbour.kill()
        neighbour.wait()


def storm(server, rate, seconds, seed):
    """The mix, while many more clients leave in the middle of their answers."""
    staying = arrivals.plan(rate, seconds, seed)
    leaving = [(offset, replace(request, kind="leaver"))
               for offset, request in arrivals.plan(rate * LEAVERS_PER_STAYER, seconds, f"storm {seed}",
                                                    leaves_after=LEAVES_AFTER_EVENTS)]
    summary, answers = measured(
        server, lambda: OpenLoop(server.port).run(staying + leaving, GRACE_SECONDS), seconds)
    stayers = summarize([answer for answer in answers if answer.kind != "leaver"], seconds)
    healthy = server.is_healthy(timeout=10)
    return {"rate": rate, **summary, **stayers, "left": sum(answer.has_left for answer in answers),
            "healthy_afterwards": healthy}
