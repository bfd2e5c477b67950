"""The closure scripts of verify/: they pass on this tree, and each sees when what it guards is broken."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEXA = ROOT / "build" / "hexa"

# What the scripts read.
PARTS = [
    "AGENTS.md", "Makefile", "README.md", "hexa.toml", "bench/results", "docs", "hexa-ios", "hexa-macos", "verify",
    "Sources/Tools/hexa-serve", "Sources/Tools/hexa", "Sources/Tools/hexa-os", "Sources/Tools/hexa-vmm",
]


class Tree:
    """A copy of the repository, to be broken."""

    def __init__(self, folder):
        self.folder = folder
        for part in PARTS:
            source, target = ROOT / part, folder / part
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)

    def replace(self, name, old, new, count=0):
        path = self.folder / name
        text = path.read_text()
        assert re.search(old, text), f"{name} holds no {old!r}: the test breaks nothing"
        path.write_text(re.sub(old, new, text, count=count))

    def remove(self, name):
        (self.folder / name).unlink()

    def run(self, script="run_all"):
        return subprocess.run([HEXA, "run", self.folder / "verify" / f"{script}.hexa"], capture_output=True,
                              text=True, timeout=60)


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def assert_caught(tree, script, complaint):
    """The script fails, alone and among the four, and says what is wrong; the other three still pass."""
    result = tree.run()
    assert result.returncode == 1
    assert f"FAIL {script}\n" in result.stdout
    assert complaint in result.stdout
    assert result.stdout.endswith("3/4 scripts passed\n")
    alone = tree.run(script)
    assert alone.returncode == 1
    assert complaint in alone.stdout


def test_all_pass_on_this_tree():
    result = subprocess.run([HEXA, "run", "verify/run_all.hexa"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.stdout.endswith("4/4 scripts passed\n"), result.stdout + result.stderr
    assert result.returncode == 0


def test_all_pass_on_an_untouched_copy(tree):
    assert tree.run().returncode == 0


@pytest.mark.parametrize("document", [
    "docs/PERF_P99.md", "docs/HEXA_SERVE_V01.md", "hexa-ios/hexa-ios.md", "hexa-macos/hexa-macos.md",
])
def test_spec_presence_misses_a_document(tree, document):
    tree.remove(document)
    assert f"{document}: the specification of" in tree.run("spec_presence").stdout


@pytest.mark.parametrize("old, new, complaint", [
    (r"^# ", "", "the first line must be a title"),
    (r"Status: partly", "State: partly", "a line 'Status: ...' must say what was measured"),
    (r"(?s)\n\n.*", "\n", "characters specify nothing"),
])
def test_spec_presence_reads_a_document(tree, old, new, complaint):
    tree.replace("docs/PERF_P99.md", old, new, count=1)
    assert_caught(tree, "spec_presence", complaint)


def test_lattice_arithmetic_computes_the_table(tree):
    tree.replace("docs/LATTICE_POLICY.md", r"\| 6 \* tau\(6\) \| 24 \|", "| 6 * tau(6) | 25 |")
    assert_caught(tree, "lattice_arithmetic", "the row '| 6 * tau(6) | 24 |' is not there")


@pytest.mark.parametrize("document, old, new, complaint", [
    ("docs/LIMIT_BREAKTHROUGH.md", r"4\.897 us", "3.3 us", "light in fibre"),
    ("docs/LIMIT_BREAKTHROUGH.md", r"7\.877 GB", "12 GB", "NVMe on PCIe 4.0 x4"),
    ("docs/LIMIT_BREAKTHROUGH.md", "## CAP", "## Networks", "the section 'CAP' is not there"),
    ("docs/LIMIT_BREAKTHROUGH.md", "## Halting problem", "## Ends", "the section 'Halting problem' is not there"),
    ("docs/perf_model.md", r"LIMIT_BREAKTHROUGH\.md", "elsewhere", "must rest on the bounds"),
    ("bench/results/engine.json", r'("read_bytes_per_second": )[\d.]+', r"\g<1>9e9", "more than the memory's"),
    ("bench/results/engine.json", r'("vnni_macs_per_second": )[\d.]+', r"\g<1>9e9", "more than the peak's"),
])
def test_real_limits_anchor_recomputes(tree, document, old, new, complaint):
    tree.replace(document, old, new)
    assert_caught(tree, "real_limits_anchor", complaint)


@pytest.mark.parametrize("document, old, new, complaint", [
    ("hexa.toml", '"disasm", ', "", "hexa.toml: hexa lacks 'disasm', in Sources/Tools/hexa/HexaCommand.swift"),
    ("hexa.toml", '"disasm", ', '"disasm", "debug", ', "lacks 'debug', which hexa.toml lists"),
    ("hexa.toml", "hexa-serve = .*", "", "[commands] lacks hexa-serve"),
    ("hexa.toml", "hexa-vmm = .*", "", "[commands] lacks hexa-vmm"),
    ("AGENTS.md", "`hexa-vmm`", "hexa-vmm", "AGENTS.md: does not name `hexa-vmm`"),
    ("hexa.toml", 'version = ".*"', 'version = "9.9.9"', "has another version than hexa.toml, 9.9.9"),
    ("hexa.toml", "(?m)^hexa-serve =", "hexa-train =", "there is no program hexa-train"),
    ("README.md", "hexa repl", "hexa", "README.md: says nothing of 'hexa repl'"),
    ("AGENTS.md", "`hexa-serve`", "hexa-serve", "AGENTS.md: does not name `hexa-serve`"),
    ("AGENTS.md", "`docs/DEPLOYMENT.md`", "the docs", "AGENTS.md: does not name `docs/DEPLOYMENT.md`"),
    ("AGENTS.md", "`make tidy`", "`make neat`", "there is no 'make neat'"),
    ("Sources/Tools/hexa/HexaCommand.swift", r"ReplCommand\.self", "", "lacks 'repl', which hexa.toml lists"),
])
def test_closure_consistency_compares(tree, document, old, new, complaint):
    tree.replace(document, old, new)
    assert_caught(tree, "closure_consistency", complaint)


def test_closure_consistency_needs_the_manifest(tree):
    tree.remove("hexa.toml")
    assert_caught(tree, "closure_consistency", "hexa.toml: missing")


def test_the_scripts_are_formatted_and_free_of_warnings():
    subprocess.run([HEXA, "fmt", "--check", ROOT / "verify"], check=True)
    assert subprocess.run([HEXA, "check", "--strict", ROOT / "verify"], capture_output=True).stderr == b""
