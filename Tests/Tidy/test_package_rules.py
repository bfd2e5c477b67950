"""Package.swift against the source: imports are declared, declarations are used, the module table is true."""

import json
from pathlib import Path

import pytest

from tidyrules import package
from tidyrules.package import Module


def module(name, dependencies=(), products=(), folder=None):
    return Module(name, Path(folder or f"Sources/Ring/{name}"), frozenset(dependencies), frozenset(products))


def graph(*modules):
    return {one.name: one for one in modules}


MODULES = graph(module("Law", ["JSON"]), module("JSON"), module("Proxy", ["JSON"], ["NIOCore"]))


def broken(modules, path, *lines):
    sources = {Path("Sources/Ring/Law/Other.swift"): ["import JSON"], Path("Sources/Ring/JSON/Other.swift"): [],
               Path("Sources/Ring/Proxy/Other.swift"): ["import JSON", "import NIOCore"]}
    return {finding.rule for finding in package.check_imports({**sources, Path(path): list(lines)}, modules)}


@pytest.mark.parametrize("line", [
    "import JSON", "internal import JSON", "@testable import JSON", "import struct JSON.Value", "import Foundation",
    "@preconcurrency import Glibc", "// import Law", 'let text = "import Law"', "import Law",
])
def test_declared_imports_pass(line):
    assert broken(MODULES, "Sources/Ring/Law/File.swift", line) == set()


@pytest.mark.parametrize("line", ["import Proxy", "@testable import Proxy", "import enum Proxy.Kind", "import NIOCore",
                                  "import NIOConcurrencyHelpers"])
def test_an_import_that_is_not_declared_is_found(line):
    assert broken(MODULES, "Sources/Ring/Law/File.swift", line) == {"undeclared-import"}


def test_a_module_is_not_exported_by_another():
    assert broken(MODULES, "Sources/Ring/Law/File.swift", "@_exported import JSON") == {"exported-import"}


@pytest.mark.parametrize("declared", [module("Law", ["JSON", "Proxy"]), module("Law", ["JSON"], ["NIOCore"])])
def test_a_dependency_that_no_file_imports_is_found(declared):
    assert broken(MODULES | graph(declared), "Sources/Ring/Law/File.swift") == {"unused-dependency"}


def test_what_all_tests_have_need_not_be_used():
    tests = graph(module("LawTests", ["Law", "TestSupport"], folder="Tests/Ring/LawTests"))
    assert broken(MODULES | tests, "Tests/Ring/LawTests/File.swift", "import Law") == set()


def test_a_module_without_swift_is_not_looked_at():
    sources = {Path("Sources/Ring/JSON/File.swift"): []}
    assert list(package.check_imports(sources, graph(module("CShim", ["JSON"]), module("JSON")))) == []


def test_a_module_depends_on_what_it_depends_on_in_any_build():
    merged = package.merge([graph(module("Law", ["JSON"])), graph(module("Law", ["Clock"]), module("Clock"))])
    assert merged["Law"].dependencies == {"JSON", "Clock"} and set(merged) == {"Law", "Clock"}


def test_targets_and_products_are_told_apart():
    description = {"targets": [{"name": "Proxy", "path": "Sources/Ring/Proxy", "dependencies": [
        {"byName": ["JSON", None]}, {"product": ["NIOCore", "swift-nio", None, None]}]}]}
    assert package.modules_of(json.loads(json.dumps(description)))["Proxy"] == module("Proxy", ["JSON"], ["NIOCore"])


def test_a_cycle_is_found_once():
    cycle = graph(module("A", ["B"]), module("B", ["C"]), module("C", ["A"]))
    assert [finding.advice for finding in package.check_cycles(cycle)] == ["A -> B -> C -> A"]


def test_a_diamond_is_no_cycle():
    assert not list(package.check_cycles(graph(module("A", ["B", "C"]), module("B", ["C"]), module("C"))))


def test_a_package_that_cannot_be_read_is_a_finding(rules, tmp_path):
    (tmp_path / "Package.swift").write_text("this is no manifest\n")
    assert rules("Sources/Tools/hexa/File.swift", "let x = 1\n") == {"package"}


def test_the_package_is_read_under_every_switch(tmp_path):
    (tmp_path / "Package.swift").write_text(
        '// swift-tools-version: 6.2\nimport PackageDescription\n'
        'let names = ["HEXA_KERNEL", "HEXA_FUZZ"].filter { Context.environment[$0] == "1" }\n'
        'let targets: [Target] = (["Base"] + names).map { .target(name: $0, path: "Sources/\\($0)") }\n'
        'let package = Package(name: "p", targets: targets)\n')
    assert set(package.PackageReader(tmp_path).modules()) == {"Base", "HEXA_KERNEL", "HEXA_FUZZ"}


HEAD = ["| module | folder | what it is | depends on |", "|---|---|---|---|"]
LAW = "| `Law` | `Sources/Ring/Law` | who may do what | `JSON` |"
JSON_ROW = "| `JSON` | `Sources/Ring/JSON` | text | |"


def complaints(*rows):
    modules = graph(module("Law", ["JSON"]), module("JSON"), module("LawTests", ["Law"], folder="Tests/Ring/LawTests"))
    return [finding.advice for finding in package.check_table([*HEAD, *rows], modules)]


def test_a_true_table_passes():
    assert complaints(LAW, JSON_ROW) == []


@pytest.mark.parametrize("rows, complaint", [
    ((LAW,), "JSON has no row"),
    ((LAW, JSON_ROW, JSON_ROW), "JSON has two rows"),
    ((LAW, JSON_ROW, LAW.replace("`Law`", "`Gone`")), "there is no module Gone: drop the row"),
    ((LAW.replace("Ring", "Other"), JSON_ROW), "Law lies in Sources/Ring/Law"),
    ((LAW.replace("`JSON`", ""), JSON_ROW), "Law depends on `JSON`: scripts/tidy --module-table writes it"),
    ((LAW, JSON_ROW.replace("| |", "| `Law` |")), "JSON depends on nothing: scripts/tidy --module-table writes it"),
    ((LAW, JSON_ROW.replace("text", "")), "say what JSON is"),
])
def test_a_table_that_is_not_true_is_found(rows, complaint):
    assert complaints(*rows) == [complaint]


def test_the_table_is_written_from_the_package():
    modules = graph(module("Law", ["JSON"]), module("JSON"), module("LawTests", ["Law"], folder="Tests/Ring/LawTests"))
    old = "\n".join(["# Modules", "", *HEAD, LAW.replace("`JSON`", "`Gone`"), "", "The end."]) + "\n"
    new = package.with_table(old, modules)
    assert new.splitlines() == ["# Modules", "", *HEAD, JSON_ROW.replace("text ", ""), LAW, "", "The end."]
    assert package.with_table(new, modules) == new


def test_a_second_table_is_not_the_module_table():
    assert complaints(LAW, JSON_ROW, "", "| folder | what | | |", "|---|---|---|---|", "| a | b | c | d |") == []
