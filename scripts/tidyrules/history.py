"""Subjects of commits: `module: imperative`, short enough for one line of a log."""

import re
import subprocess

from tidyrules.finding import Finding

# The last commit before the rule.
RULE_BEGINS = "ba471289"
# Commits that broke it and cannot be written anew. The list may only shrink.
EXEMPT = set()
SUBJECT_COLUMNS_MAX = 72
SUBJECT = re.compile(r"^[\w.][\w./+, -]*: (\w[\w'-]*)\b")
# Words that end like a participle and are none.
IMPERATIVES = {"bring", "embed", "exceed", "feed", "need", "proceed", "seed", "shed", "speed", "string"}


def is_imperative(word):
    word = word.lower()
    if word in IMPERATIVES:
        return True
    return not (word.endswith(("ed", "ing")) or word.endswith("s") and not word.endswith(("ss", "us")))


def check_subject(subject):
    """What is wrong with a subject, or None."""
    if len(subject) > SUBJECT_COLUMNS_MAX:
        return f"{len(subject)} columns are more than {SUBJECT_COLUMNS_MAX}"
    match = SUBJECT.match(subject)
    if not match:
        return "write `module: imperative`"
    if not is_imperative(match[1]):
        return f"`{match[1]}` is no imperative"
    return None


def git(root, *words):
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True)


def check_history(root, begins=RULE_BEGINS):
    """Commits since the rule; none where the history does not go back so far."""
    if git(root, "rev-parse", "--verify", "--quiet", f"{begins}^{{commit}}").returncode != 0:
        return
    log = git(root, "log", "--no-merges", "--format=%h %s", f"{begins}..HEAD")
    for line in log.stdout.splitlines():
        commit, _, subject = line.partition(" ")
        problem = check_subject(subject)
        if problem and commit[:7] not in EXEMPT:
            yield Finding(commit, 1, "commit-subject", f"{problem}: {subject}")
