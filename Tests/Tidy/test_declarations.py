"""Declarations that nobody uses, and public ones that could be internal."""

from pathlib import Path

import pytest

from tidyrules.declarations import Census
from tidyrules.package import Module

MODULES = {name: Module(name, Path(f"{folder}/Ring/{name}"), frozenset())
           for name, folder in {"Law": "Sources", "Server": "Sources", "LawTests": "Tests",
                                "ServerTests": "Tests"}.items()}


def findings(law, server="", tests="", other_tests="", assembly=""):
    """`{(rule, name)}` of two modules and their tests."""
    census = Census(MODULES)
    for path, text in {"Sources/Ring/Law/Law.swift": law, "Sources/Ring/Server/Server.swift": server,
                       "Tests/Ring/LawTests/T.swift": tests, "Tests/Ring/ServerTests/T.swift": other_tests}.items():
        census.add_swift(Path(path), text)
    census.add_other(Path("Sources/Ring/Boot/entry.S"), assembly)
    words = {"dead-declaration": lambda advice: advice.split()[2].rstrip(":"),
             "needlessly-public": lambda advice: advice.split()[4].rstrip(":")}
    return {(finding.rule, words[finding.rule](finding.advice)) for finding in census.findings()}


@pytest.mark.parametrize("declaration", [
    "func check() {}", "struct check {}", "enum check {}", "let check = 1", "static var check: Int { 1 }",
    "typealias check = Int", "@inline(__always) func check() {}", "@discardableResult\nfunc check() {}",
])
@pytest.mark.parametrize("access", ["public", "package"])
def test_what_no_other_module_names_could_be_internal(declaration, access):
    *attributes, last = declaration.replace("@inline(__always) ", "@inline(__always)\n").split("\n")
    law = "\n".join([*attributes, f"{access} {last}"]) + "\nprivate func _(x: Int = check) {}\n"
    assert findings(law) == {("needlessly-public", "check")}


@pytest.mark.parametrize("uses", [
    {"server": "check()"}, {"other_tests": "check()"}, {"assembly": "call check"}, {"server": '"\\(check())"'},
])
def test_what_another_module_names_is_used(uses):
    assert findings("public func check() {}\nprivate func _() { check() }\n", **uses) == set()


@pytest.mark.parametrize("uses", [{"tests": "check()"}, {"server": "// check()"}, {"server": '"check"'}])
def test_the_modules_own_tests_and_comments_do_not_count(uses):
    law = "public func check() {}\nprivate func _() { check() }\n"
    assert findings(law, **uses) == {("needlessly-public", "check")}


@pytest.mark.parametrize("law", [
    "func check() {}\n", "private let check = 1\n",
    "struct Used {\n    var check: Int\n}\nlet x = [Used(), x]\n",
    "enum Used {\n    case check\n}\nlet x = [Used(), x]\n",
    "enum Used {\n    case check(Int)\n}\nlet x = [Used(), x]\n",
    "public func check() {}\n",
])
def test_what_nothing_names_is_dead(law):
    assert findings(law) == {("dead-declaration", "check")}


@pytest.mark.parametrize("law", [
    "protocol Used {\n    func check()\n}\nlet x: [Used] = x\n",
    "struct Used {\n    public var description: String { \"\" }\n}\nlet x = [Used(), x]\n",
    "@_cdecl(\"check\")\nfunc check() {}\n", "@main\nstruct check {}\n",
    "enum Used: String {\n    case check\n}\nlet x = [Used(), x]\n",
    "enum Used: Int, CaseIterable {\n    case check = 3\n}\nlet x = [Used(), x]\n",
    "struct Used {\n    @Option var check: Int\n}\nlet x = [Used(), x]\n",
    "struct Used {\n    override func check() {}\n}\nlet x = [Used(), x]\n",
    "struct Used {\n    let statePadding = 0\n}\nlet x = [Used(), x]\n",
    "enum Offset {\n    static var check: Int { 0 }\n}\nlet x = [Offset(), x]\n",
])
def test_what_is_called_from_outside_or_holds_a_place_is_not_dead(law):
    assert findings(law) == set()


@pytest.mark.parametrize("law", [
    "public struct Check {}\npublic func make() -> Check { Check() }\n",
    "public struct Check {}\npublic func make(\n    x: Int,\n    y: Check\n) {}\n",
    "public struct Check {}\npublic enum make {\n    case one(Check)\n}\nlet one = make.one\n",
    "public struct Check {}\n@inlinable\npublic func make() {\n    Check()\n}\n",
    "public protocol make {\n    func f(x: Check)\n}\npublic struct Check {}\n",
    "public struct make {\n    public init(x: Check) {}\n}\npublic struct Check {}\n",
])
def test_what_the_public_interface_shows_stays_public(law):
    assert findings(law, server="make() one") == set()


def test_a_requirement_of_a_protocol_stays_as_public_as_that():
    law = "public protocol Used {\n    func check()\n}\npublic struct Other: Used {\n    public func check() {}\n}\n"
    assert findings(law, server="Used Other") == set()
