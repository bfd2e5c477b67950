"""Unsafe code gives its reason, once in each declaration."""

from pathlib import Path

import pytest

from tidyrules import unsafe

USES = [
    "let p = UnsafeMutablePointer<Int>.allocate(capacity: 1)", "let p = UnsafeRawPointer(bitPattern: 16)",
    "let b = UnsafeBufferPointer(start: p, count: 4)", "let x = p.pointee", "let x = p.load(as: Int.self)",
    "let x = p.loadUnaligned(fromByteOffset: 4, as: Int.self)", "p.storeBytes(of: x, as: Int.self)",
    "p.withMemoryRebound(to: Int.self, capacity: 1) { $0 }", "p.assumingMemoryBound(to: Int.self)",
    "let x = unsafeBitCast(y, to: Int.self)", "nonisolated(unsafe) var x = 1",
    "final class Box: @unchecked Sendable {}",
]


def lines_of(text):
    return list(unsafe.unexplained(text.splitlines()))


@pytest.mark.parametrize("use", USES)
def test_an_unsafe_use_without_a_reason_is_found(use):
    assert lines_of(f"struct S {{\n    {use}\n}}\n") == [2]


@pytest.mark.parametrize("use", USES)
def test_an_unsafe_use_with_a_reason_passes(use):
    assert lines_of(f"struct S {{\n    // SAFETY: nobody else has it.\n    {use}\n}}\n") == []


@pytest.mark.parametrize("line", [
    "let x = word.load(ordering: .relaxed)", "func f(_ p: UnsafeRawPointer) {}", "// p.pointee", "let pointee = 1",
    "weights.load(from: file)",
])
def test_what_only_looks_unsafe_passes(line):
    assert lines_of(f"struct S {{\n    {line}\n}}\n") == []


def test_a_reason_covers_its_declaration_and_no_other():
    one = "struct A {\n    // SAFETY: ours alone.\n    let x = p.pointee\n}\n"
    other = "struct B {\n    let x = p.pointee\n}\n"
    assert lines_of(one + "\n" + other) == [7]


def test_a_reason_may_stand_before_the_declaration():
    assert lines_of("/// A box.\n// SAFETY: one owner.\n@frozen\nstruct A {\n    let x = p.pointee\n}\n") == []


def test_each_declaration_gives_one_finding():
    assert lines_of("struct A {\n    let x = p.pointee\n    let y = p.pointee\n}\n") == [2]


def test_a_file_on_the_list_passes_until_it_gives_its_reasons():
    def rules(text):
        sources = {Path("Sources/Ring/Law/Old.swift"): text.splitlines()}
        return {finding.rule for finding in unsafe.check_unsafe(sources, {"Old.swift"})}
    assert rules("let x = p.pointee\n") == set()
    assert rules("// SAFETY: ours.\nlet x = p.pointee\n") == {"stale-exemption"}
