"""What documents point at is there: relative links, their anchors, and paths in backticks."""

import re
from functools import lru_cache

LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
PATH = re.compile(r"`((?:Sources|Tests|docs|bench|scripts|verify|examples|editors|hexa-ios|hexa-macos)/[^`\s<]*)`")
FENCE = re.compile(r"^\s*(```|~~~)")
HEADING = re.compile(r"^#+ +(.*?)\s*$")


def anchor_of(heading):
    """The anchor of a heading, as GitHub forms it."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


@lru_cache(maxsize=None)
def anchors_of(path):
    return {anchor_of(match[1]) for line in path.read_text().splitlines() if (match := HEADING.match(line))}


def exists(root, pattern):
    if "*" in pattern:
        return next(root.glob(pattern.rstrip("/")), None) is not None
    return (root / pattern).exists()


def missing(root, target):
    """The advice for what is gone: where a file of that name is now, if there is one."""
    name = target.rstrip("/").rsplit("/", 1)[-1]
    found = sorted(str(path.relative_to(root)) for folder in ("Sources", "Tests", "docs", "bench")
                   for path in (root / folder).rglob(name)) if "*" not in name and name else []
    return f"there is no {target}" + (f": it may be {' or '.join(found[:3])}" if found else "")


def check_document(root, path, lines):
    """`(line, rule, advice)` of each link and path of a Markdown file that leads nowhere."""
    fenced = False
    for number, line in enumerate(lines, start=1):
        if FENCE.match(line):
            fenced = not fenced
            continue
        if fenced:
            continue
        for target in LINK.findall(line):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            file = root / path.parent / name if name else root / path
            if not file.exists():
                yield number, "dead-link", missing(root, name)
            elif anchor and file.suffix == ".md" and anchor not in anchors_of(file.resolve()):
                yield number, "dead-link", f"{name or path.name} has no heading #{anchor}"
        for target in PATH.findall(line):
            if not exists(root, target):
                yield number, "dead-path", missing(root, target)
