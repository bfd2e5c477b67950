"""What documents point at is there."""

import pytest


@pytest.fixture
def page(rules, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "law.md").write_text("# Law\n\n## The `raw.json` file\n")
    (tmp_path / "Sources" / "Net").mkdir(parents=True)
    (tmp_path / "Sources" / "Net" / "TCP+Timer.swift").write_text("let x = 1\n")
    return lambda text: rules("docs/page.md", text + "\n")


@pytest.mark.parametrize("text", [
    "[law](law.md)", "[file](law.md#the-rawjson-file)", "[here](#here)\n\n## Here", "[web](https://example.org/x)",
    "[source](../Sources/Net/TCP+Timer.swift)", "`Sources/Net/TCP+Timer.swift`", "`Sources/Net`", "`Sources/Net/`",
    "`Sources/Net/*.swift`", "`Sources/<Ring>/x`", "`build/hexa-os`", "```\n[x](gone.md) `Sources/Gone`\n```",
    "`Net/Gone.swift`",
])
def test_what_is_there_passes(page, text):
    assert page(text) == set()


def test_what_was_moved_is_named(page, tidy, tmp_path):
    page("[timer](../Sources/TCP+Timer.swift)")
    assert [finding.advice for finding in tidy.check(tmp_path, {})] == [
        "there is no ../Sources/TCP+Timer.swift: it may be Sources/Net/TCP+Timer.swift"]


@pytest.mark.parametrize("text, rule", [
    ("[law](gone.md)", "dead-link"), ("[law](law.md#gone)", "dead-link"), ("[here](#gone)", "dead-link"),
    ("`Sources/Net/Gone.swift`", "dead-path"), ("`Tests/Gone/`", "dead-path"), ("`Sources/Net/*.c`", "dead-path"),
    ("`docs/gone.md`", "dead-path"), ("`scripts/gone`", "dead-path"),
])
def test_what_is_gone_is_found(page, text, rule):
    assert page(text) == {rule}
