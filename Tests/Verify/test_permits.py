"""What docs/law.md promises of the compiler: code that misuses a permit or a lease does not compile, and says why."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Every sample is the body of this function.
FRAME = """
import Law
import MonotonicTime

func step(_ law: inout Law, _ capability: borrowing Capability, _ claim: QuotaClaim, _ now: Instant) throws {{
{body}
}}
"""

GOOD = {
    "a permit is spent on its step": """
        try law.rollBack(try law.check(capability, Administer.self, on: .law, now: now), now: now)
        law.acknowledgeGrowth(try law.check(capability, Read.self, on: .growth, now: now), upTo: 1)
    """,
    "a lease is released": """
        let lease = try law.admit(capability.subject, claim, now: now)
        lease.release(to: &law)
    """,
}

BAD = {
    "wrong operation": ("""
        let permit = try law.check(capability, Read.self, on: .law, now: now)
        try law.rollBack(permit, now: now)
    """, "'Permit<Read, LawTarget>' to expected argument type 'Permit<Administer, LawTarget>'"),
    "wrong target": ("""
        let permit = try law.check(capability, Read.self, on: .tokenizer, now: now)
        law.acknowledgeGrowth(permit, upTo: 1)
    """, "'Permit<Read, TokenizerTarget>' to expected argument type 'Permit<Read, GrowthTarget>'"),
    "a permit used twice": ("""
        let permit = try law.check(capability, Administer.self, on: .law, now: now)
        try law.rollBack(permit, now: now)
        try law.rollBack(permit, now: now)
    """, "'permit' consumed more than once"),
    "a permit copied": ("""
        let permit = try law.check(capability, Administer.self, on: .law, now: now)
        try law.rollBack(copy permit, now: now)
    """, "'copy' cannot be applied to noncopyable types"),
    "a permit forged outside of Law": ("""
        let permit = Permit<Administer, LawTarget>(subject: capability.subject, target: .law)
        try law.rollBack(permit, now: now)
    """, "'Permit<Op, Object>' initializer is inaccessible due to 'internal' protection level"),
    "a forgotten permit": ("""
        try law.rollBack(now: now)
    """, "missing argument for parameter #1 in call"),
    "a capability copied": ("""
        let twin = copy capability
        law.revoke(twin, now: now)
    """, "'copy' cannot be applied to noncopyable types"),
    "a lease copied": ("""
        let lease = try law.admit(capability.subject, claim, now: now)
        let twin = copy lease
        twin.release(to: &law)
        lease.release(to: &law)
    """, "'copy' cannot be applied to noncopyable types"),
    "a lease released twice": ("""
        let lease = try law.admit(capability.subject, claim, now: now)
        lease.release(to: &law)
        lease.release(to: &law)
    """, "'lease' consumed more than once"),
    "a lease forged outside of Law": ("""
        QuotaLease(subject: capability.subject, claim: claim).release(to: &law)
    """, "'QuotaLease' initializer is inaccessible due to 'internal' protection level"),
}


@pytest.fixture(scope="module")
def modules():
    """The folder of the built module Law."""
    subprocess.run(["swift", "build", "--target", "Law"], cwd=ROOT, check=True, timeout=900)
    return ROOT / ".build" / "debug" / "Modules"


def errors(body, modules, folder):
    """The errors of a sample, none if it compiles. Down to SIL, where what cannot be copied is followed."""
    source = folder / "sample.swift"
    source.write_text(FRAME.format(body=body))
    command = ["swiftc", "-swift-version", "6", "-emit-sil", "-o", "/dev/null", "-module-cache-path", folder / "cache",
               "-I", modules, source]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    found = [line.split("error: ", 1)[1] for line in result.stderr.splitlines() if "sample.swift:" in line
             and "error: " in line]
    assert (result.returncode != 0) == bool(found), f"the compiler itself failed:\n{result.stderr}"
    return found


@pytest.mark.parametrize("body", GOOD.values(), ids=GOOD)
def test_what_keeps_to_the_rules_compiles(body, modules, tmp_path):
    assert errors(body, modules, tmp_path) == []


@pytest.mark.parametrize(("body", "expected"), BAD.values(), ids=BAD)
def test_what_breaks_a_rule_does_not_compile(body, expected, modules, tmp_path):
    found = errors(body, modules, tmp_path)
    assert any(expected in error for error in found), f"expected {expected!r}, found {found}"


def test_a_compiler_without_the_module_is_a_failure_and_no_refusal(tmp_path):
    """Nothing passes as refused because the module cannot be found."""
    found = errors(next(iter(GOOD.values())), tmp_path, tmp_path)
    assert found == ["no such module 'Law'"]
    assert not any(expected in found[0] for _, expected in BAD.values())
