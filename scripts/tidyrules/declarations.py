"""Declarations that nobody uses: public ones that no other module names, and any that nothing names at all.

Works on names alone: a name that occurs elsewhere, whatever it means there, counts as used. So it finds some of what is
dead, and what it finds is dead.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from tidyrules.finding import Finding
from tidyrules.package import owner_of

LITERAL_OR_COMMENT = re.compile(
    r'#+"[\s\S]*?"#+|"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*[\s\S]*?\*/')
NAME = re.compile(r"[A-Za-z_]\w*")
MODIFIERS = (r"public|package|open|internal|fileprivate|private|static|final|class|mutating|nonmutating|consuming|"
             r"borrowing|override|nonisolated|required|convenience|lazy|weak|unowned|indirect|isolated|prefix|postfix|"
             r"infix|(?:private|internal|fileprivate|package)\(set\)|nonisolated\(unsafe\)|nonisolated\(nonsending\)")
DECLARATION = re.compile(
    rf"^(?P<indent> *)(?P<attributes>(?:@\w+(?:\([^)]*\))?\s+)*)(?P<modifiers>(?:(?:{MODIFIERS})\s+)*)"
    r"(?P<keyword>func|var|let|struct|class|enum|protocol|actor|typealias|associatedtype|case)\s+"
    r"(?P<name>`?[A-Za-z_]\w*`?)")
EXPORTED = re.compile(r"\b(public|package|open)\b(?!\()")
# Fields that nothing reads and that keep the others in their places.
PLACEHOLDER = re.compile(r"\w+Padding$")
# Types whose members say where something lies in a frame or a structure, field by field.
LAYOUT = re.compile(r"(Offset|Layout)$")
TYPE_KEYWORDS = {"struct", "class", "enum", "protocol", "actor", "typealias"}
ENUM_OF_VALUES = re.compile(r"\benum\s+\w+\s*:\s*(?:\w+, )*(String|Character|U?Int\d*|Double|CaseIterable|CodingKey)\b")

# Called by the standard library, by Foundation, or by a framework, under a name of its own.
WITNESSES = {
    "description", "debugDescription", "hash", "encode", "makeIterator", "next", "rawValue", "hashValue", "id",
    "startIndex", "endIndex", "index", "customMirror", "errorDescription", "main", "run", "validate", "configuration",
    "body", "wrappedValue", "projectedValue", "argument", "defaultValueDescription", "allValueStrings", "CodingKeys",
    "Element", "Index", "Iterator", "RawValue", "Failure", "InboundIn", "InboundOut", "OutboundIn", "OutboundOut",
    "IntegerLiteralType", "StringLiteralType", "ArrayLiteralElement", "SubSequence", "Indices", "Stride", "Output",
    # Of the concurrency runtime, in the kernel's executor and clock.
    "enqueue", "isSameExclusiveExecutionContext", "checkIsolated", "asUnownedSerialExecutor", "unownedExecutor",
    "isMainExecutor", "minimumResolution", "sleep", "advanced", "duration", "Duration", "Instant", "runUntil", "stop",
    # Of NIO's handlers.
    "channelRead", "channelReadComplete", "channelActive", "channelInactive", "channelWritabilityChanged",
    "errorCaught", "userInboundEventTriggered", "handlerAdded", "handlerRemoved", "write", "flush", "read", "close",
}


def bare(text):
    """The text without comments, and of strings only what is interpolated; line numbers stay."""
    def replacement(match):
        literal = match[0]
        lines = "\n" * literal.count("\n")
        if literal.startswith("/"):
            return lines
        interpolated = re.findall(r"\\#*\(([^\n]*)", literal)
        return '""' + " ".join(f" {NAME_SEPARATOR.join(NAME.findall(one))} " for one in interpolated) + lines
    return LITERAL_OR_COMMENT.sub(replacement, text)


NAME_SEPARATOR = " ; "


@dataclass(frozen=True)
class Declaration:
    path: str
    line: int
    keyword: str
    name: str
    module: str
    is_exported: bool
    # Something outside the source calls it, or it comes with what a type must have.
    is_exempt: bool


class Census:
    """The declarations of all modules, and where each name occurs."""

    def __init__(self, modules):
        self.modules = modules
        self.declarations = []
        self.occurrences = defaultdict(Counter)
        self.requirements = set()
        # Names in what a module shows: signatures, cases with values, bodies that are inlined elsewhere.
        self.shown = defaultdict(set)

    def add_swift(self, path, text):
        module = owner_of(path, self.modules)
        name = module.name if module else str(path.parent)
        text = bare(text)
        self.count(name, text)
        if module and module.in_sources:
            FileCensus(self, str(path), name, text.split("\n")).read()

    def add_other(self, path, text):
        """Assembly, C and link scripts name functions too."""
        self.count(f"other than Swift: {path.parent}", text)

    def count(self, module, text):
        self.occurrences_of(module).update(NAME.findall(text))

    def occurrences_of(self, module):
        return self.occurrences[module]

    def findings(self):
        total, holders = Counter(), defaultdict(set)
        for module, names in self.occurrences.items():
            total.update(names)
            for name in names:
                holders[name].add(module)
        for one in self.declarations:
            if one.is_exempt or one.name in WITNESSES or one.name in self.requirements:
                continue
            if total[one.name] == 1:
                yield Finding(one.path, one.line, "dead-declaration", f"nothing uses {one.name}: remove it")
            elif one.is_exported and one.name not in self.shown[one.module]:
                outside = holders[one.name] - {one.module, one.module + "Tests"}
                if not outside:
                    yield Finding(one.path, one.line, "needlessly-public",
                                  f"no other module uses {one.name}: make it internal")


class FileCensus:
    """Reads the declarations of one file, line by line."""

    def __init__(self, census, path, module, lines):
        self.census, self.path, self.module, self.lines = census, path, module, lines
        # Open declarations of types: indentation, keyword, whether its cases have values of their own, name.
        self.types = []
        self.attributes = ""

    def read(self):
        for index, line in enumerate(self.lines):
            stripped = line.strip()
            if not stripped:
                continue
            indent = len(line) - len(line.lstrip())
            if stripped.startswith("}"):
                while self.types and self.types[-1][0] >= indent:
                    self.types.pop()
            if stripped.startswith("@") and not DECLARATION.match(line):
                self.attributes += stripped
                continue
            match = DECLARATION.match(line)
            if match:
                self.declare(index, match)
            elif re.match(r" *(?:public |package )?(?:init|subscript|extension)\b", line) or "public" in stripped:
                self.show(index, stripped)
            self.attributes = ""

    def declare(self, index, match):
        keyword, name = match["keyword"], match["name"].strip("`")
        line, attributes = self.lines[index], self.attributes + match["attributes"]
        owner = self.types[-1] if self.types and self.types[-1][0] < len(match["indent"]) else None
        is_exported = bool(EXPORTED.search(match["modifiers"]))
        if owner and owner[1] == "protocol":
            self.census.requirements.add(name)
        if keyword == "case":
            self.declare_case(index, line, owner)
            return
        if is_exported or owner and owner[1] == "protocol":
            self.show(index, line[match.end("name"):])
        if "@inlinable" in attributes or "@usableFromInline" in attributes or "@_alwaysEmit" in attributes:
            self.show_body(index, len(match["indent"]))
        # At the margin of its type or of the file; a local constant is the compiler's business.
        is_member = owner is not None or match["indent"] == ""
        is_exempt = ("@_cdecl" in attributes or "@c" in attributes or "@main" in attributes
                     or "@usableFromInline" in attributes or "override" in match["modifiers"]
                     or re.search(r"@(Option|Argument|Flag|OptionGroup|Test|Suite|_silgen_name|export)\b", attributes)
                     or name == "_" or PLACEHOLDER.match(name) or owner and LAYOUT.search(owner[3]))
        if is_member or is_exported:
            self.census.declarations.append(Declaration(
                self.path, index + 1, keyword, name, self.module, is_exported, bool(is_exempt)))
        if keyword in TYPE_KEYWORDS and keyword != "typealias" and not line.rstrip().endswith("}"):
            self.types.append((len(match["indent"]), keyword, bool(ENUM_OF_VALUES.search(self.signature(index))), name))

    def declare_case(self, index, line, owner):
        if not owner or owner[1] != "enum":
            return
        self.show(index, line)
        if not owner[2] and "=" not in line:
            for name in re.findall(r"(?:\bcase|,)\s+(`?\w+`?)(?=\s*(?:[(,]|$))", re.sub(r"\([^)]*\)", "(", line)):
                self.census.declarations.append(
                    Declaration(self.path, index + 1, "case", name.strip("`"), self.module, False, False))

    def signature(self, index):
        """A declaration up to its body."""
        text, depth = "", 0
        for line in self.lines[index:index + 30]:
            text += line + " "
            depth += line.count("(") - line.count(")")
            if depth <= 0 and ("{" in line or not line.rstrip().endswith((",", "->", ":", "=", "("))):
                break
        return text.split("{", 1)[0] if not re.match(r" *(public |package )?(static )?(let|var)\b", text) else text

    def show(self, index, rest):
        self.census.shown[self.module].update(NAME.findall(rest))
        text = self.signature(index)
        # The declared name itself comes first, and does not show itself.
        after = DECLARATION.match(text)
        self.census.shown[self.module].update(NAME.findall(text[after.end("name"):] if after else text))

    def show_body(self, index, indent):
        for line in self.lines[index + 1:]:
            if line.strip() and len(line) - len(line.lstrip()) <= indent:
                break
            self.census.shown[self.module].update(NAME.findall(line))
