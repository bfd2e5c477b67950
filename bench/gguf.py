"""Just enough of GGUF (v3) to copy metadata from one file and to stream another out."""

import struct
from dataclasses import dataclass
from math import prod

MAGIC = b"GGUF"
ALIGNMENT = 32
F32, Q4_0 = 0, 2
Q4_0_BLOCK_BYTES = 18
# By type: weights and bytes of a block.
BLOCKS = {F32: (1, 4), 1: (1, 2), Q4_0: (32, Q4_0_BLOCK_BYTES), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
          12: (256, 144), 13: (256, 176), 14: (256, 210), 30: (1, 2)}

UINT32, FLOAT32, STRING, ARRAY = 4, 6, 8, 9
SCALAR_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


def read_header(path):
    """The metadata of a file, `{key: (type, the value's bytes as they stand)}`, and its tensors."""
    with open(path, "rb") as file:
        data = file.read(64 << 20)
    if data[:4] != MAGIC:
        raise ValueError(f"{path} is not a GGUF file")
    tensor_count, entry_count = struct.unpack_from("<QQ", data, 8)
    offset, entries, tensors = 24, {}, []
    for _ in range(entry_count):
        key, offset = read_text(data, offset)
        (kind,) = struct.unpack_from("<I", data, offset)
        start = offset + 4
        offset = skip(data, start, kind)
        entries[key] = (kind, data[start:offset])
    for _ in range(tensor_count):
        name, offset = read_text(data, offset)
        (rank,) = struct.unpack_from("<I", data, offset)
        *dimensions, kind, _ = struct.unpack_from(f"<{rank}QIQ", data, offset + 4)
        tensors.append(Tensor(name, tuple(dimensions), kind))
        offset += 16 + 8 * rank
    return entries, tensors


def read_metadata(path):
    return read_header(path)[0]


def read_tensors(path):
    return read_header(path)[1]


def read_text(data, offset):
    """A string, and the offset behind it."""
    (length,) = struct.unpack_from("<Q", data, offset)
    return data[offset + 8:offset + 8 + length].decode(), offset + 8 + length


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
        weights, size = BLOCKS[self.kind]
        return prod(self.dimensions) // weights * size


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
