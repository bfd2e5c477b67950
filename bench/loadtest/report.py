"""The results as Markdown and charts: what was reached, what was missed, by how much, and what bounds it."""

import statistics

from charts import bar_chart, line_chart

from loadtest.figures import SLA_GAP, SLA_TIME_TO_FIRST, ratio

OURS = "hexa-os"
MEASURES = {"time_to_first": "time to first token", "gap": "gap between tokens", "end_to_end": "end to end"}
RATIO_MAX, LONGEST_GAP_RATIO_MAX, SLA_RATE_RATIO_MIN = 0.4, 0.25, 2.5


def milliseconds(value):
    return "∞" if value is None else f"{value * 1e3:,.0f}" if value >= 0.1 else f"{value * 1e3:.1f}"


def cell(measure, key):
    """A percentile as milliseconds; a dash where nothing was measured."""
    return milliseconds(measure[key]) if measure["count"] else "–"


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head),
            *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows), ""]


def median(values):
    """The median, where a missing value is a wait without end."""
    known = [float("inf") if value is None else value for value in values]
    if not known:
        return None
    middle = statistics.median_high(known)
    return None if middle == float("inf") else middle


def cached_share(rounds):
    """Of all prompt tokens, those that were not computed again."""
    return sum(one["cached_tokens"] for one in rounds) / max(sum(one["prompt_tokens"] for one in rounds), 1)


def p99_of(rounds, measure):
    return median([one[measure]["p99"] for one in rounds])


class LoadReport:
    def __init__(self, facts, systems, results):
        self.facts, self.results = facts, results
        self.systems = systems
        self.names = [system["name"] for system in systems]
        self.yardstick = results["yardstick"]["name"] if "yardstick" in results else "llama-server"
        self.cores = facts["processors"]

    # MARK: Markdown

    def markdown(self):
        parts = [self.preface(), self.targets(), self.capacity(), self.comparison(), self.sla(), self.hard(),
                 self.failures()]
        return "\n".join(line for part in parts for line in part)

    def preface(self):
        facts = self.facts
        lines = ["# Load", "",
                 f"Commit {facts['commit']}, {facts['cpu']}, {facts['processors']} processors, {facts['model']}, "
                 f"{facts['date']}. Made by `make bench-load`.", "",
                 "One client, one machine, one run; every part goes round all systems, each freshly started. Requests "
                 "arrive by a Poisson process whatever became of earlier ones, and every latency counts from the "
                 "moment a request was scheduled, so a server that stalls is charged for the requests that pile up "
                 "meanwhile (no coordinated omission). Requests that are refused, cut off or not answered count as "
                 "endless (∞). Answers have a fixed length. Nothing in the first tenth of a run is counted.", ""]
        lines += table(["system", "what", "flags"], [
            (f"`{system['name']}`", system["description"], f"`{system['flags']}`") for system in self.systems])
        return lines

    def targets(self):
        rows = []
        for measure, name in MEASURES.items():
            rows.append(self.target_row(f"p99 {name}, yardstick at 75 %", self.comparison_ratio(measure), RATIO_MAX,
                                        "at most", self.bound()))
        rows.append(self.target_row("longest gap while a long prompt is read", self.long_prompt_ratio(),
                                    LONGEST_GAP_RATIO_MAX, "at most", "the length of a pass with prompt tokens"))
        rows.append(self.target_row("requests/s within the SLA", self.sla_ratio(), SLA_RATE_RATIO_MIN, "at least",
                                    self.bound()))
        return ["## Targets", "", f"`{OURS}` against `{self.yardstick}`, as ratios.", "",
                *table(["", "ratio", "target", "", "what bounds it"], rows)]

    def target_row(self, name, value, target, sense, bound):
        if value is None:
            return name, "unverified", f"{sense} {target}", "no figure on one side or both", ""
        met = value <= target if sense == "at most" else value >= target
        if met:
            return name, f"{value:.2f}", f"{sense} {target}", "met", ""
        factor = value / target if sense == "at most" else target / max(value, 1e-9)
        return name, f"{value:.2f}", f"{sense} {target}", f"**missed** by a factor of {factor:.2f}", bound

    def bound(self):
        """What our server waits for at the comparison's rate, by the processor time it took."""
        rounds = self.results["comparison"].get(OURS)
        if not rounds:
            return ""
        used = statistics.median(one["server_cores"] for one in rounds)
        share = used / self.cores
        if share > 0.85:
            return f"computing: {used:.1f} of {self.cores} cores are busy"
        return f"waiting for a core's turn or a pass's end: {used:.1f} of {self.cores} cores are busy"

    def comparison_ratio(self, measure):
        comparison = self.results["comparison"]
        pairs = zip(comparison.get(OURS, []), comparison.get(self.yardstick, []))
        found = [0.0 if theirs[measure]["p99"] is None else ratio(ours[measure]["p99"], theirs[measure]["p99"])
                 for ours, theirs in pairs if ours[measure]["p99"] is not None]
        return statistics.median(found) if found else None

    def long_prompt_ratio(self):
        mixes = self.results["hard"].get("long prompt", {})
        if OURS not in mixes or self.yardstick not in mixes:
            return None
        return ratio(mixes[OURS]["longest_gap"], mixes[self.yardstick]["longest_gap"])

    def sla_ratio(self):
        ours = self.results["sla_rate"].get(OURS, {}).get("kept")
        theirs = self.results["sla_rate"].get(self.yardstick, {})
        # Where the yardstick keeps the SLA at no rate tried, the lowest one that it broke is the bound.
        return ratio(ours, theirs.get("kept") or theirs.get("broken"))

    def capacity(self):
        found = self.results["capacity"]
        rows = [(f"`{name}`", f"{found[name]['requests_per_second']:.2f}", f"{found[name]['tokens_per_second']:.0f}")
                for name in self.names if name in found]
        return ["## Capacity", "", "When more requests wait than there are slots.", "",
                *table(["system", "requests/s", "tokens/s"], rows)] if rows else []

    def comparison(self):
        if not self.results["comparison"]:
            return []
        rate = next(iter(self.results["comparison"].values()))[0]["rate"]
        lines = ["## At 75 % of the yardstick's capacity", "",
                 f"{rate:.2f} requests/s. Milliseconds; medians of the rounds, and the p99 of each round.", ""]
        for measure, name in MEASURES.items():
            rows = []
            for system in self.names:
                rounds = self.results["comparison"].get(system)
                if rounds:
                    cells = [milliseconds(median([one[measure][key] for one in rounds]))
                             for key in ("p50", "p90", "p99", "p99.9")]
                    each = ", ".join(milliseconds(one[measure]["p99"]) for one in rounds)
                    rows.append((f"`{system}`", *cells, each, rounds[0][measure]["count"]))
            lines += [f"### {name[0].upper()}{name[1:]}", "",
                      *table(["system", "p50", "p90", "p99", "p99.9", "p99 by round", "n a round"], rows)]
        head = ["system", "tokens/s", "prompt tokens from cache", "server's cores", "client's cores", "errors"]
        lines += table(head, [
            (f"`{system}`", f"{statistics.median(one['tokens_per_second'] for one in rounds):.0f}",
             f"{100 * cached_share(rounds):.0f} %",
             f"{statistics.median(one['server_cores'] for one in rounds):.2f}",
             f"{statistics.median(one['client_cores'] for one in rounds):.3f}",
             "; ".join(f"{count} {error}" for one in rounds for error, count in one["errors"].items()) or "none")
            for system in self.names if (rounds := self.results["comparison"].get(system))])
        return lines

    def sla(self):
        if not self.results["sla_rate"]:
            return []
        lines = ["## Requests a second within the SLA", "",
                 f"The SLA: p99 time to first token within {SLA_TIME_TO_FIRST * 1e3:.0f} ms, p99 gap within "
                 f"{SLA_GAP * 1e3:.0f} ms. The rate kept is the highest that was tried and kept it.", ""]
        lines += table(["system", "kept at", "broken at"], [
            (f"`{name}`", f"{known['kept']:.2f}/s" if known["kept"] else "no rate tried",
             f"{known['broken']:.2f}/s" if known["broken"] else "no rate tried")
            for name, known in self.results["sla_rate"].items()])
        rows = [(f"`{name}`", f"{one['rate']:.2f}", *(milliseconds(one[measure]["p99"]) for measure in MEASURES),
                 f"{one['succeeded']}/{one['requests']}", f"{one['tokens_per_second']:.0f}")
                for name in self.names for one in sorted(self.results["rates"].get(name, []),
                                                         key=lambda one: one["rate"])]
        head = ["system", "requests/s", "p99 first (ms)", "p99 gap (ms)", "p99 end to end (ms)", "answered", "tokens/s"]
        return lines + table(head, rows)

    def hard(self):
        lines = []
        hard = self.results["hard"]
        if "long prompt" in hard:
            lines += ["## A long prompt among streaming chats", "",
                      "A prompt of about 4,000 tokens arrives while four chats stream. Milliseconds.", "",
                      *table(["system", "longest gap", "p99 gap meanwhile", "p50 gap before",
                              "long prompt's first token", "its tokens"], [
                          (f"`{name}`", milliseconds(one["longest_gap"]), cell(one["gap_during"], "p99"),
                           cell(one["gap_before"], "p50"), milliseconds(one["long_prompt_time_to_first"]),
                           one["long_prompt_tokens"] or one["error"])
                          for name in self.names if (one := hard["long prompt"].get(name))])]
        for mix, title, note in [
                ("busy neighbour", "A busy neighbour", "Somebody else's process keeps one core busy."),
                ("storm", "A storm of clients that leave", "For each client that stays, three leave in mid-answer.")]:
            if mix in hard:
                rate = next(iter(hard[mix].values()))["rate"]
                lines += [f"## {title}", "", f"{note} {rate:.2f} requests/s stay. Milliseconds, p99.", "",
                          *table(["system", *MEASURES.values(), "answered", "tokens/s"], [
                              (f"`{name}`", *(milliseconds(one[measure]["p99"]) for measure in MEASURES),
                               f"{one['succeeded']}/{one['requests']}", f"{one['tokens_per_second']:.0f}")
                              for name in self.names if (one := hard[mix].get(name))])]
        return lines

    def failures(self):
        found = self.results["failures"] + [f"not run: {what}" for what in self.results["skipped"]]
        return ["## What failed or was left out", "", *(f"- {one}" for one in found), ""] if found else []

    # MARK: Charts

    def draw(self, folder):
        comparison = self.results["comparison"]
        if comparison:
            rate = next(iter(comparison.values()))[0]["rate"]
            bar_chart(folder / "load-p99.svg", f"p99 at {rate:.1f} requests/s", "milliseconds, logarithmic", {
                name: {system: (p99_of(rounds, measure) or 0) * 1e3 for system, rounds in comparison.items()}
                for measure, name in MEASURES.items()}, logarithmic=True)
        for measure, limit, file in [("time_to_first", SLA_TIME_TO_FIRST, "load-first.svg"),
                                     ("gap", SLA_GAP, "load-gap.svg")]:
            series = {name: points for name in self.names if (points := self.p99_by_rate(name, measure))}
            line_chart(folder / file, f"p99 {MEASURES[measure]} by rate", "milliseconds, logarithmic; dashed: the SLA",
                       "requests a second", series, limit * 1e3)

    def p99_by_rate(self, name, measure):
        return sorted((one["rate"], one[measure]["p99"] * 1e3) for one in self.results["rates"].get(name, [])
                      if one[measure]["p99"] is not None)
