"""hexa-os as a person at a terminal meets it: help that teaches, one line for each mistake, exit codes for scripts."""

import json
import os
import re
import socket

import pytest

from guest import MODEL, MODEL_NAME, free_port, run_hexa_os

BAD_MODELS = {
    "empty": (lambda good: b"", "offset 0x0"),
    "foreign": (lambda good: b"#!/bin/sh\n" * 10, "neither a GGUF nor an HXM file"),
    "cut in the header": (lambda good: good[:100_000], "tokenizer.ggml.tokens: needs bytes up to"),
    "cut in the weights": (lambda good: good[:-1], "truncated"),
    "big-endian": (lambda good: good[:4] + b"\0\0\0\3" + good[8:64], "big-endian"),
    "version 1": (lambda good: good[:4] + b"\1\0\0\0" + good[8:64], "version 1"),
    "more tensors than bytes": (lambda good: good[:8] + b"\xff" * 8 + good[16:], "tensor"),
}


@pytest.fixture(scope="module")
def good_model():
    return MODEL.read_bytes()


@pytest.mark.parametrize("arguments, words", [
    (["--help"], ["EXAMPLES", "EXIT CODES", "run", "info"]),
    (["run", "--help"], ["EXAMPLES", "--prompt", "--port", "--cpus", "--memory", "--accel", "--api-key", "--verbose",
                         "--stats", "--firecracker-binary"]),
    (["info", "--help"], ["EXAMPLES", "--json", "--verify"]),
    (["pack", "--help"], ["EXAMPLES", "--output", "--force", "--json"]),
    (["image", "--help"], ["EXAMPLES", "--firecracker", "--link", "--force", "CONNECT 80"]),
    (["snapshot", "--help"], ["EXAMPLES", "--warm-prompt", "--force"]),
    (["warm", "--help"], ["EXAMPLES", "--json", "large pages"]),
])
def test_help_teaches_by_example(arguments, words):
    result = run_hexa_os(*arguments)
    assert result.returncode == 0
    for word in words:
        assert word in result.stdout


def test_the_version_is_a_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", run_hexa_os("--version").stdout)


@pytest.mark.parametrize("arguments", [
    ["run"], ["fly"], ["run", MODEL, "--once"], ["run", MODEL, "--cpus", "0"], ["run", MODEL, "--memory", "-5"],
    ["run", MODEL, "--port", "70000"], ["run", MODEL, "--listen-fd", "2"], ["run", MODEL, "--accel", "warp"],
    ["run", MODEL, "--api-key", "two words"], ["run", MODEL, "--name", ""],
])
def test_wrong_usage_exits_with_64(arguments):
    result = run_hexa_os(*arguments)
    assert result.returncode == 64
    assert result.stdout == ""
    assert result.stderr


def test_info_tells_what_is_in_a_model():
    result = run_hexa_os("info", MODEL)
    assert result.returncode == 0
    for word in ["llama", "134.5 million", "Q4_1", "8192 tokens", "smollm", "chat template yes", "MiB", "can run"]:
        assert word in result.stdout


def test_info_tells_it_to_scripts_as_well():
    result = run_hexa_os("info", MODEL, "--json")
    report = json.loads(result.stdout)
    assert report["architecture"] == "llama"
    assert report["parameters"] == 134_515_008
    assert report["context_length"] == 8_192
    assert report["vocabulary_size"] == 49_152
    assert {"type": "Q4_1", "tensors": 210, "bytes": 66_355_200} in report["tensor_types"]
    assert report["has_chat_template"] is True
    assert report["can_run"] is True and report["obstacle"] is None


@pytest.mark.parametrize("command", ["info", "run"])
@pytest.mark.parametrize("kind", BAD_MODELS)
def test_a_bad_model_is_one_line_naming_field_and_offset(tmp_path, good_model, command, kind):
    damage, word = BAD_MODELS[kind]
    path = tmp_path / "bad.gguf"
    path.write_bytes(damage(good_model))
    result = run_hexa_os(command, path)
    assert result.returncode == 65
    assert re.match(r"error: \S+bad\.gguf cannot be served: offset 0x[0-9a-f]+: [^:]+: .+\n$", result.stderr)
    assert word in result.stderr


@pytest.mark.parametrize("path", ["/nowhere/model.gguf", "/"])
@pytest.mark.parametrize("command", ["info", "run"])
def test_an_unreadable_model_exits_with_66(command, path):
    result = run_hexa_os(command, path)
    assert result.returncode == 66
    assert result.stderr.startswith(f"error: cannot read {path}: ")
    assert result.stderr.count("\n") == 1


def test_a_missing_kernel_image_is_named():
    result = run_hexa_os("run", MODEL, "--kernel", "/nowhere/kernel.elf")
    assert result.returncode == 66
    assert "/nowhere/kernel.elf" in result.stderr and "--kernel" in result.stderr


def test_a_taken_port_is_said_before_anything_starts():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        result = run_hexa_os("run", MODEL, "--port", port)
    assert result.returncode == 73
    assert result.stderr == f"error: port {port} of 127.0.0.1 is taken: choose another with --port\n"


def test_a_missing_emulator_is_named_with_its_package():
    result = run_hexa_os("run", MODEL, "--vmm", "qemu", "--port", free_port(), env={"PATH": "/nowhere"})
    assert result.returncode == 69
    assert "qemu-system-x86" in result.stderr and result.stderr.count("\n") == 1


def test_too_little_memory_tells_how_much_and_which_flag():
    result = run_hexa_os("run", MODEL, "--port", free_port(), "--memory", 64)
    assert result.returncode == 78
    assert re.fullmatch(r"error: --memory 64 is too small: this model needs --memory \d+ \(MiB\)\n", result.stderr)


def test_more_memory_than_the_machine_has_is_said(tmp_path):
    # A sparse file: its header is the good model's, and its weights are said to be there.
    big = tmp_path / "big.gguf"
    big.write_bytes(MODEL.read_bytes())
    os.truncate(big, 1 << 40)
    result = run_hexa_os("run", big, "--port", free_port())
    assert result.returncode == 78
    assert "--context" in result.stderr


def test_the_emulators_call_can_be_printed_instead_of_made():
    port = free_port()
    result = run_hexa_os("run", MODEL, "--port", port, "--accel", "tcg", "--print-command", "--json")
    assert result.returncode == 0
    command = json.loads(result.stdout)
    assert command[0] == "qemu-system-x86_64"
    assert f"hexa.model-size={os.path.getsize(MODEL)}" in command[-1]
    assert f"hexa.model-name={MODEL_NAME}" in command[-1]
    assert any(f"127.0.0.1:{port}-" in word for word in command)


def test_nothing_is_coloured_or_redrawn_off_a_terminal():
    result = run_hexa_os("run", MODEL, "--memory", 64)
    assert "\x1b" not in result.stderr and "\r" not in result.stderr
