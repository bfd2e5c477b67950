"""Subjects of commits are `module: imperative`, of at most 72 columns."""

import subprocess

import pytest

from tidyrules import history


@pytest.mark.parametrize("subject", [
    "vmm: store MachineFoundation as one value", "tests: find the repository's root in one place",
    "docs, bench: add the ninth restore run", "net: embed the header", "kernel: process one event", "x: " + "a" * 69,
    "hexa-os: pass options on", "law: focus",
])
def test_good_subjects_pass(subject):
    assert history.check_subject(subject) is None


@pytest.mark.parametrize("subject", [
    "x: " + "a" * 70, "Mend on rereading", "net: fixed the timer", "net: fixing the timer", "net: fixes the timer",
    "wip", "net:fix", ": fix", 'Revert "net: fix the timer"',
])
def test_other_subjects_are_found(subject):
    assert history.check_subject(subject) is not None


@pytest.fixture
def repository(tmp_path):
    def git(*words):
        return subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words], cwd=tmp_path,
                              check=True, capture_output=True, text=True).stdout.strip()
    git("init", "-q")
    for subject in ("What was before", "net: add a timer", "Fixes"):
        git("commit", "-q", "--allow-empty", "-m", subject)
    return tmp_path, git("rev-parse", "HEAD~2")


def test_only_commits_since_the_rule_are_looked_at(repository):
    root, begins = repository
    assert [finding.advice for finding in history.check_history(root, begins)] == ["write `module: imperative`: Fixes"]


def test_a_history_that_does_not_go_back_so_far_is_not_looked_at(repository):
    assert list(history.check_history(repository[0])) == []
