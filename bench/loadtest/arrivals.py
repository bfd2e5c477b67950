"""What arrives when: seeded, so that every server under test is asked the same at the same moments.

Arrivals are Poisson: the gaps between them are exponential and independent of how the server is doing, which is what
many users who know nothing of one another look like. Answers have a fixed length (`ignore_eos`), so that a server does
not win by saying less.
"""

import json
import math
import random
from dataclasses import dataclass

WORDS = """time year people way day man thing woman life child world school state family student group country problem
hand part place case week company system program question work government number night point home water room mother
area money story fact month lot right study book eye job word business issue side kind head house service friend father
power hour game line end member law car city community name president team minute idea body information back parent
face others level office door health person art war history party result change morning reason research girl guy moment
air teacher force education foot boy age policy process music market sense nation plan college interest death course
experience effect use class control field development role effort rate heart drug show leader light voice wife police
mind price report decision son view relationship town road arm difference value building action season society tax
director position player record paper space ground form event matter center couple site project base activity star table
court oil situation cost industry figure street image phone data picture practice piece land product doctor wall patient
worker news test movie north love support technology""".split()

# Answers and short prompts are log-normal, as those of chats are: most are short, a few are long.
SHORT_PROMPT_WORDS, SHORT_PROMPT_SPREAD = 24, 0.6
ANSWER_TOKENS, ANSWER_SPREAD = 30, 0.6
ANSWER_TOKENS_RANGE = (4, 120)
LONG_PROMPT_WORDS = (250, 450)
SYSTEM_PROMPT_WORDS = 150
# How often each kind of request comes.
MIX = {"short": 0.70, "long": 0.06, "shared": 0.24}


@dataclass(frozen=True)
class Request:
    """One request as the client sends it."""

    kind: str
    # The JSON body.
    body: bytes
    answer_tokens: int
    # The client leaves after so many events of the answer; None to stay.
    leaves_after: int | None = None


def poisson_offsets(rate, duration, generator):
    """Seconds after the start at which requests arrive, `rate` of them a second on average."""
    offset = generator.expovariate(rate)
    while offset < duration:
        yield offset
        offset += generator.expovariate(rate)


def text(generator, word_count):
    """So many words in sentences of about a dozen."""
    words = [generator.choice(WORDS) for _ in range(word_count)]
    for start in range(0, word_count, 12):
        words[start] = words[start].capitalize()
        end = min(start + 12, word_count) - 1
        words[end] += "."
    return " ".join(words)


def log_normal(generator, median, spread, low, high):
    return min(max(round(math.exp(generator.gauss(math.log(median), spread))), low), high)


def chat(kind, user, answer_tokens, system=None, leaves_after=None):
    """A streamed chat completion."""
    messages = [{"role": "system", "content": system}] if system else []
    body = {"messages": [*messages, {"role": "user", "content": user}], "max_tokens": answer_tokens, "temperature": 0,
            "ignore_eos": True, "stream": True, "stream_options": {"include_usage": True}}
    return Request(kind, json.dumps(body).encode(), answer_tokens, leaves_after)


class Mix:
    """An endless supply of requests, the same for the same seed."""

    def __init__(self, seed, leaves_after=None):
        self.generator = random.Random(seed)
        self.leaves_after = leaves_after
        # Of the seed of the mix, not of the run: what is shared stays shared between runs.
        self.system_prompt = text(random.Random("system prompt"), SYSTEM_PROMPT_WORDS)

    def next(self):
        generator = self.generator
        (kind,) = generator.choices(list(MIX), MIX.values())
        answer_tokens = log_normal(generator, ANSWER_TOKENS, ANSWER_SPREAD, *ANSWER_TOKENS_RANGE)
        if kind == "long":
            words = generator.randint(*LONG_PROMPT_WORDS)
        else:
            words = log_normal(generator, SHORT_PROMPT_WORDS, SHORT_PROMPT_SPREAD, 4, 120)
        return chat(kind, text(generator, words), answer_tokens, self.system_prompt if kind == "shared" else None,
                    self.leaves_after)


def plan(rate, duration, seed, leaves_after=None):
    """`[(offset, request)]` of one run."""
    mix, generator = Mix(seed, leaves_after), random.Random(f"arrivals {seed}")
    return [(offset, mix.next()) for offset in poisson_offsets(rate, duration, generator)]
