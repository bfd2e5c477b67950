"""Unsafe code gives its reason: a comment `SAFETY:` in each declaration that holds some."""

import re

from tidyrules.finding import Finding

UNSAFE = re.compile(
    r"\bUnsafe\w*Pointer(?:<[^()]*>)?(?:\(|\.allocate\b)|\.pointee\b|\.load(?:Unaligned)?\((?:fromByteOffset|as):"
    r"|\.storeBytes\(|\bwithMemoryRebound\b|\bassumingMemoryBound\b|\bbindMemory\b|\bunsafeBitCast\b"
    r"|\bunsafeDowncast\b|\bnonisolated\(unsafe\)|@unchecked Sendable\b|\bUnmanaged\b")
REASON = "SAFETY:"
# What belongs to the declaration that follows: comments and attributes.
PRELUDE = re.compile(r"^\s*(//|@\w+(\(.*\))?\s*$)")

# Files, by name, that do not yet give their reasons. The list may only shrink.
WITHOUT_REASON = {
    "ApplianceClient.swift", "CoalescedWrites.swift", "DescriptorChain+Bytes.swift", "DeviceBus.swift",
    "DeviceTransport.swift", "EngineBench.swift", "FileMapping.swift", "Fingerprint.swift", "FleetService.swift",
    "HostListener.swift", "LaneThreads.swift", "LockedFile.swift", "Loopback.swift", "MachineMemory+Saving.swift",
    "MachineMemory.swift", "MappedFile.swift", "MemoryMapping.swift", "ModelContainer+Repacking.swift",
    "ModelFolder.swift", "ModelMemory.swift", "ModelPacker.swift", "OutputFile.swift", "PackedPlan+Writing.swift",
    "PieceWriter.swift", "ProcessorThread.swift", "Pulse.swift", "RuntimeFolder.swift", "SocketRelay.swift",
    "SocketService.swift", "TokenizerTables+Content.swift", "VirtualProcessors.swift", "WarmFile.swift",
}


def declarations(lines):
    """`(first line, lines)` of each declaration at the left margin, with the comments and attributes before it."""
    starts = [index for index, line in enumerate(lines)
              if line[:1].strip() and not line.startswith(("}", ")", "]", "//", "#", "@", "import "))
              or line.startswith("@") and not PRELUDE.match(line)]
    beginnings = []
    for start in starts:
        while start > 0 and PRELUDE.match(lines[start - 1]):
            start -= 1
        beginnings.append(start)
    for start, end in zip(beginnings, [*beginnings[1:], len(lines)]):
        yield start + 1, lines[start:end]


def code_of(line):
    return line.split("//", 1)[0]


def unexplained(lines):
    """The line of the first unsafe use of each declaration that gives no reason."""
    for first, body in declarations(lines):
        if any(REASON in line for line in body):
            continue
        for offset, line in enumerate(body):
            if UNSAFE.search(code_of(line)):
                yield first + offset
                break


def check_unsafe(sources, listed):
    """`sources` is `{path: lines}`. A name on the list gives a finding once no file of it needs it."""
    needed = set()
    for path, lines in sources.items():
        found = list(unexplained(lines))
        if path.name in listed:
            needed |= {path.name} if found else set()
            continue
        for line in found:
            yield Finding(str(path), line, "unsafe-reason", "say in a comment `SAFETY:` why this use is sound")
    for name in sorted(listed - needed):
        yield Finding("scripts/tidyrules/unsafe.py", 1, "stale-exemption", f"take {name} off the list")
