"""Just enough of GGUF (v3) to copy metadata from one file and to stream another out."""

import struct
from dataclasses import dataclass
from math import prod

MAGIC = b"GGUF"
ALIGNMENT = 32
F32, Q4_0 = 0, 2
Q4_0_BLOCK_WEIGHTS, Q4_0_BLOCK_BYTES = 32, 18

UINT32, FLOAT32, STRING, ARRAY = 4, 6, 8, 9
SCALAR_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


def read_metadata(path):
    """The metadata of a file: `{key: (type, the value's bytes as they stand)}`."""
    with open(path, "rb") as file:
        data = file.read(64 << 20)
    if data[:4] != MAGIC:
        raise ValueError(f"{path} is not a GGUF file")
    (count,) = struct.unpack_from("<Q", data, 16)
    offset, entries = 24, {}
    for _ in range(count):
        (length,) = struct.unpack_from("<Q", data, offset)
        key = data[offset + 8:offset + 8 + length].decode()
        (kind,) = struct.unpack_from("<I", data, offset + 8 + length)
        start = offset + 12 + length
        offset = skip(data, start, kind)
        entries[key] = (kind, data[start:offset])
    return entries


def skip(data, offset, kind):
    """The offset behind a value."""
    if kind in SCALAR_BYTES:
        return offset + SCALAR_BYTES[kind]
    if kind == STRING:
        return offset + 8 + struct.unpack_from("<Q", data, offset)[0]
    element, count = struct.unpack_from("<IQ", data, offset)
    offset += 12
    if element in SCALAR_BYTES:
        return offset + count * SCALAR_BYTES[element]
    for _ in range(count):
        offset = skip(data, offset, element)
    return offset


def text(value):
    return struct.pack("<Q", len(value.encode())) + value.encode()


def string(value):
    return STRING, text(value)


def uint32(value):
    return UINT32, struct.pack("<I", value)


def float32(value):
    return FLOAT32, struct.pack("<f", value)


@dataclass
class Tensor:
    name: str
    # The fastest-running dimension first, as the format has it.
    dimensions: tuple
    kind: int

    @property
    def byte_count(self):
        count = prod(self.dimensions)
        return count * 4 if self.kind == F32 else count // Q4_0_BLOCK_WEIGHTS * Q4_0_BLOCK_BYTES


def padding(offset):
    return -offset % ALIGNMENT


def header(metadata, tensors):
    """Everything before the first tensor's data, padded."""
    parts = [MAGIC, struct.pack("<IQQ", 3, len(tensors), len(metadata))]
    for key, (kind, value) in metadata.items():
        parts += [text(key), struct.pack("<I", kind), value]
    offset = 0
    for tensor in tensors:
        dimensions = tensor.dimensions
        parts += [text(tensor.name), struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions),
                  struct.pack("<IQ", tensor.kind, offset)]
        offset += tensor.byte_count + padding(tensor.byte_count)
    joined = b"".join(parts)
    return joined + bytes(padding(len(joined)))
