"""`hexa` on files: what each command prints, and with which exit code it ends."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEXA = ROOT / "build" / "hexa"


@pytest.fixture
def hexa(tmp_path):
    """Writes `files`, runs a command among them, answers the finished process."""
    def run(*arguments, **files):
        for name, text in files.items():
            (tmp_path / f"{name}.hexa").write_text(text)
        return subprocess.run([HEXA, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    return run


def test_run_passes_arguments_and_the_exit_code(hexa):
    result = hexa("run", "app.hexa", "Ada", "--loud", app='println(args())\nexit(3)')
    assert (result.stdout, result.returncode) == ("[app.hexa, Ada, --loud]\n", 3)


def test_an_error_names_the_place_and_the_nearest_name(hexa):
    result = hexa("run", "app.hexa", app="let width = 2\nprintln(widht)\n")
    assert result.returncode == 1
    assert result.stderr == ("app.hexa:2:9: error: there is no widht here\n  2 | println(widht)\n"
                             "    |         ^^^^^\n  hint: did you mean width?\n")


def test_a_failure_tells_the_calls_that_led_to_it(hexa):
    result = hexa("run", "app.hexa", app="fn f(n) { if n == 0 { [1][5] } else { f(n - 1) } }\nf(3)\n")
    assert result.returncode == 1
    assert "index 5 is outside" in result.stderr
    assert "called in f at app.hexa:1, 3 times\n" in result.stderr


def test_wrong_usage_ends_with_2(hexa):
    assert hexa("run", "nowhere.hexa").returncode == 2
    assert hexa("frobnicate").returncode == 2
    assert hexa("build", "app.hexa", app="").returncode == 2


def test_proofs_are_counted_and_run_only_by_test(hexa):
    text = "proof good { assert 1 + 1 == 2 }\nproof bad { assert false, \"why\" }\nprintln(\"ran\")\n"
    assert hexa("run", "app.hexa", app=text).stdout == "ran\n"
    result = hexa("test", "app.hexa")
    assert result.returncode == 1
    assert "ok   app.hexa good" in result.stdout and "FAIL app.hexa bad" in result.stdout
    assert result.stdout.endswith("1 passed, 1 failed\n")
    assert hexa("test", ".").stdout.endswith("1 passed, 1 failed\n")


def test_a_module_runs_as_its_source_does(hexa, tmp_path):
    assert hexa("build", "app.hexa", "-o", "app.hxb", app="println(6 * 7)").returncode == 0
    assert hexa("run", "app.hxb").stdout == "42\n"
    assert "callBuiltin" in hexa("disasm", "app.hxb").stdout
    for command in [("build", "app.hxb", "-o", "x"), ("check", "app.hxb")]:
        refused = hexa(*command)
        assert refused.returncode == 1
        assert refused.stderr == "app.hxb: a compiled module, not a source file: hexa run and hexa disasm take it\n"


def test_a_damaged_module_is_refused_with_its_reason(hexa, tmp_path):
    hexa("build", "app.hexa", "-o", "app.hxb", app="println(1)")
    module = (tmp_path / "app.hxb").read_bytes()
    (tmp_path / "cut.hxb").write_bytes(module[:-1])
    (tmp_path / "later.hxb").write_bytes(module[:4] + b"\x09" + module[5:])
    (tmp_path / "changed.hxb").write_bytes(module[:-1] + bytes([module[-1] ^ 1]))
    for name, reason in [("cut", "cut or extended"), ("later", "version 9"), ("changed", "checksum")]:
        result = hexa("run", f"{name}.hxb")
        assert result.returncode == 1 and reason in result.stderr


def test_check_runs_nothing_and_tells_every_file(hexa):
    result = hexa("check", ".", good="println(1)", bad="let x: int = 'c'", worse="fn (")
    assert (result.returncode, result.stdout) == (1, "")
    assert "bad.hexa:1" in result.stderr and "worse.hexa:1" in result.stderr


def test_fmt_formats_once_and_check_only_tells(hexa, tmp_path):
    assert hexa("fmt", "--check", "app.hexa", app="let  x=1\nprintln( x )").returncode == 1
    assert hexa("fmt", "app.hexa").returncode == 0
    assert (tmp_path / "app.hexa").read_text() == "let x = 1\nprintln(x)\n"
    assert hexa("fmt", "--check", "app.hexa").returncode == 0


def test_the_proofs_of_the_examples_hold(hexa):
    result = hexa("test", ROOT / "examples")
    assert result.returncode == 0 and result.stdout.endswith("7 passed, 0 failed\n")


@pytest.mark.parametrize("folder", ["examples", "verify", "bench/vm"])
def test_the_programs_of_this_repository_are_formatted(hexa, folder):
    result = hexa("fmt", "--check", ROOT / folder)
    assert (result.stdout, result.stderr, result.returncode) == ("", "", 0)


def test_a_program_is_held_to_its_memory(hexa):
    result = hexa("run", "--heap", "8", "app.hexa", app="let mut a = []\nloop { a.push(to_string(len(a))) }\n")
    assert result.returncode == 1
    assert "memory: the program's memory quota is used up" in result.stderr
