"""The two engines as bench/engine.py sees them: a program, and tokens a second for each test."""

import json
import subprocess
from math import prod
from pathlib import Path

import gguf
from common import ROOT

BUILD = ROOT / "build"
LLAMA = BUILD / "llama"
TIMEOUT_SECONDS = 300
# A decode test begins behind a prompt of so many tokens.
DECODE_PROMPT_TOKENS = 8


def prefill(tokens):
    return f"prefill {tokens}"


def decode(streams):
    return f"decode, batch {streams}"


def json_lines(command):
    """The JSON objects that a program printed, one a line."""
    finished = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=ROOT,
                              timeout=TIMEOUT_SECONDS)
    if finished.returncode != 0:
        last = (finished.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise RuntimeError(f"{Path(command[0]).name} ended with {finished.returncode}: {last}")
    return [json.loads(line) for line in finished.stdout.splitlines() if line.startswith("{")]


def ours(model, plan, threads):
    """`{test: tokens a second}` of engine-bench."""
    lines = json_lines([BUILD / "engine-bench", model, "--json", "--threads", threads, "--runs", 1,
                        "--variant", "fastest", "--prompt-tokens", *plan.prefill_tokens,
                        "--streams", *plan.streams, "--generated-tokens", plan.generated_tokens])
    return {prefill(line["tokens"]) if line["test"] == "prefill" else decode(line["streams"]):
            line["tokens_per_second"] for line in lines}


def llama(model, plan, threads):
    """`{test: tokens a second}` of llama-bench (prefill) and llama-batched-bench (decode)."""
    lines = json_lines([LLAMA / "llama-bench", "-m", model, "-t", threads, "-r", 1, "-n", 0, "-o", "jsonl",
                        "-p", ",".join(map(str, plan.prefill_tokens))])
    found = {prefill(line["n_prompt"]): line["avg_ts"] for line in lines}
    context = max(plan.streams) * (DECODE_PROMPT_TOKENS + plan.generated_tokens) + 64
    lines = json_lines([LLAMA / "llama-batched-bench", "-m", model, "-t", threads, "-c", context,
                        "-npp", DECODE_PROMPT_TOKENS, "-ntg", plan.generated_tokens,
                        "-npl", ",".join(map(str, plan.streams)), "--output-format", "jsonl"])
    found.update({decode(line["pl"]): line["speed_tg"] for line in lines})
    return found


def limits(threads):
    """What the machine can do at most, measured by bench/limits.c."""
    program = BUILD / "bench" / "limits"
    program.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-O3", "-march=native", "-pthread", ROOT / "bench" / "limits.c", "-o", program], check=True)
    (line,) = json_lines([program, threads])
    return line


def model_size(path):
    """`(bytes read for a token, multiply-accumulates of a prompt token)`, attention's own left out."""
    tensors = gguf.read_tensors(path)
    names = {tensor.name for tensor in tensors}
    # Of the embedding one row is read, unless it serves as the output matrix as well.
    read = [tensor for tensor in tensors if tensor.name != "token_embd.weight" or "output.weight" not in names]
    layers = [tensor for tensor in tensors if tensor.name.startswith("blk.") and len(tensor.dimensions) == 2]
    return sum(tensor.byte_count for tensor in read), sum(prod(tensor.dimensions) for tensor in layers)
