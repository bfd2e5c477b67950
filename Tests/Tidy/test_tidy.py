"""The rules of scripts/tidy: each finds what it forbids, and lets pass what only looks like it."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "tidy"


@pytest.mark.parametrize("line, rule", [
    ("x" * 121, "line-length"),
    ("let x = 1 ", "trailing-space"),
    ("\tlet x = 1", "tab"),
    ("let x = try! f()", "force-try"),
    ("let x = y as! Int", "force-cast"),
    ("// TODO: later", "reminder"),
    ("// FIXME", "reminder"),
    ('let x = "/home/somebody/model.gguf"', "machine-path"),
    ("// see /root/notes.txt", "machine-path"),
    ("<<<<<<< HEAD", "conflict-marker"),
    ("print(x)", "print"),
    ("let frameBytesMaximum = 4", "maximum"),
    ("import Foundation", "platform-import"),
    ("import FoundationEssentials", "platform-import"),
    ("@preconcurrency import Glibc", "platform-import"),
])
def test_what_is_forbidden_in_a_core_module_is_found(rules, line, rule):
    assert rules("Sources/Network/Net/File.swift", line + "\n") == {rule}


@pytest.mark.parametrize("line", [
    "x" * 120,
    'let message = "try! again"',
    "// never as! here",
    "// TODO(ada): measure again",
    "connection.print(x)",
    "let maximumSegmentSize = 536",
    "let frameBytesMax = 4  // the Maximum",
    "func blueprint(x: Int)",
    "let path = \"~/home/model.gguf\"",
    "let url = \"https://example.org/work/item\"",
    "import Tensor",
    "let rooted = \"/rooted/x\"",
])
def test_what_only_looks_forbidden_passes(rules, line):
    assert rules("Sources/Network/Net/File.swift", line + "\n") == set()


@pytest.mark.parametrize("path, is_core", [
    ("Sources/Foundations/Law/Law.swift", True), ("Sources/Guest/Kernel/Boot/Start.swift", True),
    ("Sources/Host/Fleet/Fleet.swift", True), ("Sources/Host/VMM/KVM/Machine.swift", False),
    ("Sources/Tools/hexa/main.swift", False), ("Tests/Foundations/LawTests/LawTests.swift", False),
])
def test_every_ring_but_the_hosts_is_core(rules, path, is_core):
    assert rules(path, "import Glibc\n") == ({"platform-import"} if is_core else set())


def test_host_code_may_print_and_use_the_platform(rules):
    assert rules("Sources/Tools/hexa-os/File.swift", "import Glibc\nprint(1)\n") == set()


@pytest.mark.parametrize("path, limit", [
    ("Sources/Network/Net/File.swift", 600), ("Tests/Network/NetTests/File.swift", 800),
])
def test_a_file_may_be_as_long_as_its_cap_and_no_longer(rules, path, limit):
    assert rules(path, "let x = 1\n" * limit) == set()
    assert rules(path, "let x = 1\n" * (limit + 1)) == {"file-length"}


@pytest.mark.parametrize("head", ["    func f() {", "    public static func f<T>() throws -> Int {", "    init() {"])
def test_a_function_may_be_as_long_as_its_cap_and_no_longer(rules, head):
    def source(length):
        return "\n".join(["struct S {", head, *["        g()"] * (length - 2), "    }", "}", ""])
    assert rules("Sources/Network/Net/File.swift", source(70)) == set()
    assert rules("Sources/Network/Net/File.swift", source(71)) == {"function-length"}


def test_a_one_line_function_does_not_swallow_what_follows(rules):
    source = "struct S {\n    func f() { g() }\n" + "    var x: Int { 1 }\n" * 100 + "}\n"
    assert rules("Sources/Network/Net/File.swift", source) == set()


def test_a_row_of_a_table_cannot_be_broken(rules):
    row = f"| {'x' * 118} |\n"
    assert rules("docs/page.md", row) == set() and "line-length" in rules("docs/page.swift", row)


def test_the_target_of_a_link_does_not_count_in_a_document(rules):
    link = f"[{'x' * 118}](https://example.org/{'y' * 40})\n"
    assert rules("docs/page.md", link) == set()
    assert rules("docs/page.md", "x" + link) == {"line-length"}
    assert "line-length" in rules("docs/page.swift", link)


def test_big_files_and_missing_final_newlines_are_found(rules):
    assert rules("docs/data.bin", b"\0" * (256 * 1024 + 1)) == {"blob"}
    assert rules("docs/data.bin", b"\0" * (256 * 1024)) == set()
    assert "final-newline" in rules("docs/page.md", "text")


@pytest.mark.parametrize("path", ["docs/cases.jsonl", "Tests/Fixtures/make.py", "Tests/Fuzz/Corpus/json/chat"])
def test_lines_of_data_files_may_be_as_they_are(rules, path):
    assert rules(path, "x" * 500 + " ") == set()


def test_what_git_ignores_is_not_looked_at(rules, tmp_path):
    (tmp_path / ".gitignore").write_text("build/\n")
    assert rules("build/File.swift", "let x = try! f()\n") == set()


def test_an_exemption_for_a_file_that_is_gone_is_found(rules):
    exemptions = {"Sources/Gone.swift": {"file-length"}}
    assert rules("Sources/Network/Net/File.swift", "let x = 1\n", exemptions) == {"stale-exemption"}


def test_an_exempt_file_may_break_that_rule_and_no_other(rules):
    exemptions = {"Sources/Network/Net/File.swift": {"tab"}}
    assert rules("Sources/Network/Net/File.swift", "\tlet x = 1 \n", exemptions) == {"trailing-space"}


def test_the_script_says_where_what_and_how_many(tmp_path):
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "file.swift").write_text("let x = try! f()\n")
    result = subprocess.run([str(SCRIPT), str(tmp_path)], capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stdout.startswith("file.swift:1: force-try: ")
    assert "1 to tidy" in result.stderr
