"""Percentiles, and what a run amounts to."""

import math
from collections import Counter

PERCENTILES = {"p50": 0.50, "p90": 0.90, "p99": 0.99, "p99.9": 0.999}
# What a service may promise: of a hundred requests, ninety-nine begin, and of a hundred gaps ninety-nine end, in time.
SLA_TIME_TO_FIRST = 0.500
SLA_GAP = 0.100


def percentile(values, share):
    """The smallest value that `share` of all values do not exceed (nearest rank); None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1]


def percentiles(values):
    """All percentiles and the count. With fewer than a thousand values p99.9 is simply the greatest."""
    found = {name: percentile(values, share) for name, share in PERCENTILES.items()}
    return {**found, "max": max(values, default=None), "count": len(values)}


def finite(value):
    """For JSON, which has no infinity: None stands for a wait without end."""
    return None if value is None or math.isinf(value) else round(value, 6)


def summarize(answers, seconds):
    """What a run amounts to, over the answers that count and the seconds in which they were asked for.

    A request that was refused, cut off or not answered in time waited without end: it pushes percentiles up instead of
    vanishing from them.
    """
    staying = [answer for answer in answers if not answer.has_left]
    good = [answer for answer in staying if answer.succeeded]
    unserved = [math.inf] * (len(staying) - len(good))
    first = percentiles([answer.time_to_first for answer in good] + unserved)
    whole = percentiles([answer.end_to_end for answer in good] + unserved)
    gaps = percentiles([gap for answer in good for gap in answer.gaps])
    measures = {"time_to_first": first, "gap": gaps, "end_to_end": whole}
    return {
        **{name: {key: value if key == "count" else finite(value) for key, value in measure.items()}
           for name, measure in measures.items()},
        "requests": len(staying),
        "succeeded": len(good),
        "errors": dict(Counter(answer.error or "no text" for answer in staying if not answer.succeeded)),
        "requests_per_second": len(good) / seconds,
        "tokens_per_second": sum(answer.token_count for answer in good) / seconds,
        "prompt_tokens": sum(answer.prompt_tokens for answer in good),
        "cached_tokens": sum(answer.cached_tokens for answer in good),
        "client_lateness_p99": finite(percentile([answer.lateness for answer in staying], 0.99)),
    }


def keeps_sla(summary):
    """Whether a run kept what the SLA promises."""
    first, gap = summary["time_to_first"]["p99"], summary["gap"]["p99"]
    return first is not None and gap is not None and first <= SLA_TIME_TO_FIRST and gap <= SLA_GAP


def ratio(ours, theirs):
    """`ours / theirs`; None when it cannot be said."""
    return ours / theirs if ours is not None and theirs else None
