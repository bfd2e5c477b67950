"""Sources are formatted by the toolchain's own formatter."""

import pytest

CONFIGURATION = '{"version": 1, "lineLength": 120, "indentation": {"spaces": 4}}\n'


@pytest.fixture
def formatted(rules, tmp_path):
    (tmp_path / ".swift-format").write_text(CONFIGURATION)
    return lambda content: rules("Sources/Tools/hexa/File.swift", content)


def test_formatted_source_passes(formatted):
    assert formatted("struct Point {\n    var x = 1\n}\n") == set()


@pytest.mark.parametrize("content", [
    "struct Point {\n  var x = 1\n}\n", "let x  =  1\n", "let x = 1;\n", "struct Point {\n",
])
def test_other_source_is_found(formatted, content):
    assert formatted(content) == {"format"}


def test_a_missing_formatter_is_a_finding(formatted, tidy, monkeypatch):
    monkeypatch.setattr(tidy.shutil, "which", lambda name: None)
    assert formatted("let x = 1\n") == {"format"}


def test_a_repository_without_a_configuration_is_not_checked(rules):
    assert rules("Sources/Tools/hexa/File.swift", "let x  =  1\n") == set()
