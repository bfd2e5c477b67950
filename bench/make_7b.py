#!/usr/bin/env python3
"""Writes a GGUF model of 7B shape with made-up Q4_0 weights: as much to compute and to read as a real one.

    bench/make_7b.py [--layers 32] [-o build/models/random-7b-q4_0.gguf]

The shape is that of Llama-2-7B with SmolLM2's vocabulary, so that text works; what the model says is nonsense. The
weights are drawn from a fixed seed: the same arguments give the same bytes. 3.6 GiB for all 32 layers, written as a
stream at the disk's pace. Does nothing when the file is there already.
"""

import argparse
import random
import struct
import sys
from pathlib import Path

import gguf
from common import ROOT
from gguf import F32, Q4_0, Q4_0_BLOCK_BYTES, Tensor, padding

from guest import MODEL as TOKENIZER_MODEL

DIMENSIONS, FEED_FORWARD, HEADS, CONTEXT = 4_096, 11_008, 32, 4_096
SEED = 7
# Blocks of random weights, of which each tensor takes a stretch from somewhere: drawing billions anew would take an
# hour, and the time that kernels take does not depend on what the weights are.
POOL_BLOCKS = 1 << 19
# Of a block's largest weight. Gives weights the spread of a trained layer's, so that activations stay finite.
SCALE = 0.004


def make_pool():
    generator = random.Random(SEED)
    nibbles = generator.randbytes(POOL_BLOCKS * 16)
    scales = [struct.pack("<e", SCALE * generator.uniform(0.5, 1.5)) for _ in range(1_024)]
    blocks = (scales[index & 1_023] + nibbles[index * 16:index * 16 + 16] for index in range(POOL_BLOCKS))
    return b"".join(blocks)


def tensors(layers, vocabulary):
    def matrix(name, columns, rows):
        return Tensor(f"{name}.weight", (columns, rows), Q4_0)

    def norm(name):
        return Tensor(f"{name}.weight", (DIMENSIONS,), F32)

    yield matrix("token_embd", DIMENSIONS, vocabulary)
    for layer in range(layers):
        block = f"blk.{layer}"
        yield norm(f"{block}.attn_norm")
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield matrix(f"{block}.{name}", DIMENSIONS, DIMENSIONS)
        yield norm(f"{block}.ffn_norm")
        for name in ("ffn_gate", "ffn_up"):
            yield matrix(f"{block}.{name}", DIMENSIONS, FEED_FORWARD)
        yield matrix(f"{block}.ffn_down", FEED_FORWARD, DIMENSIONS)
    yield norm("output_norm")
    yield matrix("output", DIMENSIONS, vocabulary)


def metadata(layers, tokenizer):
    return {
        "general.architecture": gguf.string("llama"),
        "general.name": gguf.string(f"Random {layers} layers"),
        "general.file_type": gguf.uint32(2),
        "general.quantization_version": gguf.uint32(2),
        "llama.context_length": gguf.uint32(CONTEXT),
        "llama.embedding_length": gguf.uint32(DIMENSIONS),
        "llama.block_count": gguf.uint32(layers),
        "llama.feed_forward_length": gguf.uint32(FEED_FORWARD),
        "llama.attention.head_count": gguf.uint32(HEADS),
        "llama.attention.head_count_kv": gguf.uint32(HEADS),
        "llama.attention.layer_norm_rms_epsilon": gguf.float32(1e-5),
        "llama.rope.dimension_count": gguf.uint32(DIMENSIONS // HEADS),
        "llama.rope.freq_base": gguf.float32(10_000.0),
        **tokenizer,
    }


def pieces(tensor, pool, generator):
    """The tensor's data, in pieces."""
    remaining = tensor.byte_count
    if tensor.kind == F32:
        yield struct.pack("<f", 1.0) * (remaining // 4)
        return
    offset = generator.randrange(POOL_BLOCKS) * Q4_0_BLOCK_BYTES
    view = memoryview(pool)
    while remaining:
        piece = view[offset:offset + remaining]
        yield piece
        remaining -= len(piece)
        offset = 0


def write(path, layers):
    tokenizer = {key: value for key, value in gguf.read_metadata(TOKENIZER_MODEL).items()
                 if key.startswith("tokenizer.")}
    (vocabulary,) = struct.unpack_from("<Q", tokenizer["tokenizer.ggml.tokens"][1], 4)
    plan = list(tensors(layers, vocabulary))
    head = gguf.header(metadata(layers, tokenizer), plan)
    size = len(head) + sum(tensor.byte_count + padding(tensor.byte_count) for tensor in plan)
    if path.exists() and path.stat().st_size == size and path.open("rb").read(len(head)) == head:
        return
    print(f"writing {path.name}: {layers} layers, {size / 2**30:.1f} GiB", file=sys.stderr, flush=True)
    pool, generator = make_pool(), random.Random(SEED + 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as sink:
        sink.write(head)
        for tensor in plan:
            for piece in pieces(tensor, pool, generator):
                sink.write(piece)
            sink.write(bytes(padding(tensor.byte_count)))
    partial.rename(path)


def default_path(layers):
    name = "random-7b-q4_0.gguf" if layers == 32 else f"random-7b-{layers}-layers-q4_0.gguf"
    return ROOT / "build" / "models" / name


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=32, help="of 32; fewer make a smaller file (default: 32)")
    parser.add_argument("-o", "--output", type=Path, help="default: build/models/random-7b-q4_0.gguf")
    arguments = parser.parse_args()
    if not 1 <= arguments.layers <= 256:
        parser.error("--layers is a number from 1 to 256")
    if not TOKENIZER_MODEL.exists():
        sys.exit("the vocabulary's model is missing: run 'make model' first")
    path = arguments.output or default_path(arguments.layers)
    write(path, arguments.layers)
    print(path)


if __name__ == "__main__":
    main()
