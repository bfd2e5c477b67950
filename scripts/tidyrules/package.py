"""The modules as Package.swift declares them, and what the source makes of them: imports, cycles, the module table."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tidyrules.finding import Finding

# The package is another one under each of these switches: the kernel has its own targets, and so has the fuzzer.
SWITCHES = [None, "HEXA_KERNEL", "HEXA_FUZZ"]

# Modules of the toolchain and of the platform: they need no declaration.
SYSTEM_MODULES = {
    "Builtin", "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Musl", "PackageDescription", "Swift",
    "Synchronization", "Testing", "_Concurrency", "_Volatile",
}

# Declared for all tests by one function of Package.swift, whether a suite needs it or not.
DECLARED_FOR_ALL = {"TestSupport"}

IMPORT = re.compile(
    r"^\s*((?:@\w+(?:\([^)]*\))?\s+)*)(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+"
    r"(?:(?:struct|class|enum|protocol|typealias|func|let|var|actor)\s+)?(\w+)")


@dataclass(frozen=True)
class Module:
    name: str
    folder: Path
    # Modules of this package, and products of others.
    dependencies: frozenset
    products: frozenset = frozenset()

    @property
    def in_sources(self):
        return self.folder.parts[0] == "Sources"


def modules_of(description):
    """`{name: Module}` of what `swift package dump-package` prints."""
    modules = {}
    for target in description["targets"]:
        named, products = set(), set()
        for dependency in target["dependencies"]:
            for kind, value in dependency.items():
                (products if kind == "product" else named).add(value[0])
        modules[target["name"]] = Module(target["name"], Path(target["path"]), frozenset(named), frozenset(products))
    return modules


def merge(graphs):
    """One graph of the graphs of several builds: a module depends on what it depends on in any of them."""
    merged = {}
    for graph in graphs:
        for name, module in graph.items():
            other = merged.get(name, module)
            merged[name] = Module(name, module.folder, module.dependencies | other.dependencies,
                                  module.products | other.products)
    return merged


class PackageReader:
    """Reads Package.swift under every switch, one after the other: several readers of one folder wait for each other's
    locks, and were seen to hang."""

    # Reading takes a second, and longer where a first one resolves the packages.
    TIMEOUT_SECONDS = 300

    def __init__(self, root):
        self.root = root

    def modules(self):
        return merge(modules_of(self.description(switch)) for switch in SWITCHES)

    def description(self, switch):
        environment = {key: value for key, value in os.environ.items() if key not in SWITCHES}
        if switch:
            environment[switch] = "1"
        result = subprocess.run(["swift", "package", "dump-package"], cwd=self.root, env=environment,
                                stdin=subprocess.DEVNULL, capture_output=True, timeout=self.TIMEOUT_SECONDS)
        if result.returncode != 0:
            raise RuntimeError(result.stderr.decode(errors="replace").strip().splitlines()[-1])
        return json.loads(result.stdout)


def imports_of(lines):
    """`(line, module, attributes)` of each import."""
    for number, line in enumerate(lines, start=1):
        if "import " in line and (match := IMPORT.match(line)):
            yield number, match[2], match[1]


def owner_of(path, modules):
    """The module whose folder a file lies in, or None."""
    for module in modules.values():
        if module.folder in path.parents:
            return module
    return None


def check_imports(sources, modules):
    """What a file imports is declared, and what is declared is imported; `sources`: the lines of each Swift file."""
    imported = {name: set() for name in modules}
    for path, lines in sources.items():
        module = owner_of(path, modules)
        for number, name, attributes in imports_of(lines):
            if "@_exported" in attributes:
                yield Finding(str(path), number, "exported-import", "let each file import what it uses")
            if module is None:
                continue
            imported[module.name].add(name)
            declared = module.dependencies | module.products
            if name not in declared and name not in SYSTEM_MODULES and name != module.name:
                yield Finding(str(path), number, "undeclared-import",
                              f"declare {name} among the dependencies of {module.name} in Package.swift")
    for module in modules.values():
        has_source = any(module.folder in path.parents for path in sources)
        unused = (module.dependencies | module.products) - imported[module.name] - DECLARED_FOR_ALL
        for name in sorted(unused if has_source else ()):
            yield Finding("Package.swift", 1, "unused-dependency", f"{module.name} imports {name} nowhere: drop it")


def check_cycles(modules):
    """A module that depends on itself, whichever way round."""
    done, path = set(), []

    def visit(name):
        if name in path:
            yield Finding("Package.swift", 1, "module-cycle", " -> ".join([*path[path.index(name):], name]))
            return
        if name in done or name not in modules:
            return
        path.append(name)
        for dependency in sorted(modules[name].dependencies):
            yield from visit(dependency)
        path.pop()
        done.add(name)

    for name in sorted(modules):
        yield from visit(name)


# MARK: The module table of CONTRIBUTING.md

TABLE_PATH = "CONTRIBUTING.md"
TABLE_HEAD = "| module | folder | what it is | depends on |"
CODE = re.compile(r"`([^`]*)`")
TABLE = re.compile(re.escape(TABLE_HEAD) + r"\n(?:\|.*\n)*")
RINGS = ["Foundations", "Language", "Inference", "Network", "Server", "GuestInterface", "Guest", "Host", "Tools"]


def table_rows(lines):
    """`(line, module, folder, what it is, dependencies)` of each row."""
    in_table = False
    for number, line in enumerate(lines, start=1):
        if line.startswith(TABLE_HEAD):
            in_table = True
        elif not line.startswith("|"):
            in_table = False
        elif in_table and not line.startswith("|---"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) == 4:
                yield number, cells[0].strip("`"), cells[1].strip("`"), cells[2], set(CODE.findall(cells[3]))


def names_of(module):
    return ", ".join(f"`{one}`" for one in sorted(module.dependencies | module.products, key=str.lower))


def with_table(text, modules):
    """The text of CONTRIBUTING.md with a row for each module, in the order of rings; what it is stays as it was."""
    descriptions = {name: description for _, name, _, description, _ in table_rows(text.splitlines())}

    def depth(name):
        return 1 + max((depth(one) for one in modules[name].dependencies if one in modules), default=0)

    def place(module):
        ring = module.folder.parts[1]
        return RINGS.index(ring) if ring in RINGS else len(RINGS), depth(module.name), module.name

    rows = [TABLE_HEAD, "|---|---|---|---|"]
    for module in sorted((one for one in modules.values() if one.in_sources), key=place):
        cells = f"`{module.name}`", f"`{module.folder}`", descriptions.get(module.name, ""), names_of(module)
        rows.append("| " + " | ".join(cells).replace("|  |", "| |").rstrip() + " |")
    return TABLE.sub(lambda _: "\n".join(rows) + "\n", text, count=1)


def check_table(lines, modules):
    """One row for each module of Sources, with the folder and the dependencies that Package.swift gives it."""
    missing = {name for name, module in modules.items() if module.in_sources}
    for number, name, folder, text, dependencies in table_rows(lines):
        module = modules.get(name)
        if module is None or not module.in_sources:
            yield Finding(TABLE_PATH, number, "module-table", f"there is no module {name}: drop the row")
            continue
        if name not in missing:
            yield Finding(TABLE_PATH, number, "module-table", f"{name} has two rows")
        missing.discard(name)
        if not text:
            yield Finding(TABLE_PATH, number, "module-table", f"say what {name} is")
        if folder != str(module.folder):
            yield Finding(TABLE_PATH, number, "module-table", f"{name} lies in {module.folder}")
        if dependencies != module.dependencies | module.products:
            yield Finding(TABLE_PATH, number, "module-table",
                          f"{name} depends on {names_of(module) or 'nothing'}: scripts/tidy --module-table writes it")
    for name in sorted(missing):
        yield Finding(TABLE_PATH, 1, "module-table", f"{name} has no row")
