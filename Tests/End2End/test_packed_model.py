"""A model packed by `hexa-os pack`: served like the GGUF file that it came from, and refused when it is damaged."""

import json
import os
import shutil
import signal
import struct
import subprocess
import time

import pytest

from conftest import BEST_ACCELERATOR, KVM_OBSTACLE
from guest import HEXA_OS, MODEL, Guest, run_hexa_os
from raw_http import Client
from test_corrupt_model import POWERED_OFF, boot

LARGE_PAGE = 2 << 20
OFFSETS = {"magic": 1, "version": 8, "header size": 12, "file size": 16, "metadata size": 24, "metadata count": 32,
           "tensor count": 36, "offset of the weights": 40, "checksum of the tables": 48,
           "checksum of the header": 56}


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    path = tmp_path_factory.mktemp("packed") / "model.hxm"
    result = run_hexa_os("pack", MODEL, "-o", path, "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["path"] == str(path) and report["file_bytes"] == path.stat().st_size
    assert "\x1b" not in result.stderr
    return path


def damaged(packed, tmp_path, offset, flip=0x40):
    path = tmp_path / "damaged.hxm"
    data = bytearray(packed.read_bytes())
    data[offset] ^= flip
    path.write_bytes(data)
    return path


def first_matrix(path):
    """Name and offset of the first tensor behind the weights' offset, by docs/hxm.md."""
    data = path.read_bytes()
    metadata_size, _, tensors, weights = struct.unpack_from("<QIIQ", data, 24)
    table = (64 + metadata_size + 63) // 64 * 64
    for entry in range(table, table + 128 * tensors, 128):
        (offset,) = struct.unpack_from("<Q", data, entry + 88)
        if offset == weights:
            return data[entry:entry + 64].rstrip(b"\0").decode(), offset
    raise AssertionError("no tensor begins where the weights do")


def test_a_packed_model_is_whole_pages_and_always_the_same_bytes(packed, tmp_path):
    again = tmp_path / "again.hxm"
    assert run_hexa_os("pack", MODEL, "-o", again).returncode == 0
    assert again.read_bytes() == packed.read_bytes()
    assert packed.stat().st_size % LARGE_PAGE == 0
    assert packed.stat().st_size < MODEL.stat().st_size + 3 * LARGE_PAGE
    name, offset = first_matrix(packed)
    assert name == "token_embd.weight" and offset % LARGE_PAGE == 0 and offset < 4 * LARGE_PAGE


def test_a_packed_model_is_warmed_once(packed, tmp_path):
    # Written in small pieces, so that it begins in small pages.
    copy = tmp_path / "copy.hxm"
    with copy.open("wb", buffering=0) as file:
        data = packed.read_bytes()
        for start in range(0, len(data), 100_000):
            file.write(data[start:start + 100_000])
    reports = [json.loads(run_hexa_os("warm", copy, "--json").stdout) for _ in range(2)]
    assert all(report["file_bytes"] == copy.stat().st_size for report in reports)
    assert copy.read_bytes() == data
    if reports[0]["large_page_bytes"] < copy.stat().st_size:
        pytest.skip("this file system keeps no file in pages of 2 MiB")
    assert reports[1]["was_warm"] and reports[1]["large_page_bytes"] == copy.stat().st_size


def test_what_cannot_be_warmed_is_named(tmp_path):
    result = run_hexa_os("warm", tmp_path / "none.hxm")
    assert result.returncode == 66 and "none.hxm" in result.stderr and len(result.stderr.splitlines()) == 1


def test_info_tells_the_same_of_either_file(packed):
    reports = [json.loads(run_hexa_os("info", path, "--json").stdout) for path in (MODEL, packed)]
    assert [report["format"] for report in reports] == ["gguf", "hxm"]
    for key in ["architecture", "name", "parameters", "tensors", "tensor_types", "context_length", "vocabulary_size",
                "tokenizer", "can_run"]:
        assert reports[0][key] == reports[1][key], key


def test_info_verifies_what_has_checksums(packed):
    result = run_hexa_os("info", packed, "--verify", "--json")
    assert result.returncode == 0 and json.loads(result.stdout)["verified"] is True
    result = run_hexa_os("info", MODEL, "--verify")
    assert result.returncode == 0 and "checksums     GGUF files have none" in result.stdout


@pytest.mark.parametrize("command", ["info", "run"])
@pytest.mark.parametrize("field", OFFSETS)
def test_a_damaged_header_is_refused_before_the_boot(packed, tmp_path, field, command):
    path = damaged(packed, tmp_path, OFFSETS[field])
    result = run_hexa_os(command, path)
    assert result.returncode == 65
    assert result.stderr.startswith(f"error: {path} cannot be served: offset 0x")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("field", ["version", "metadata count", "checksum of the header"])
def test_the_kernel_itself_refuses_a_damaged_header(packed, tmp_path, field):
    result = boot(damaged(packed, tmp_path, OFFSETS[field]))
    assert result.returncode not in (0, POWERED_OFF), result.stdout
    assert len([line for line in result.stdout.splitlines() if "offset 0x" in line]) == 1, result.stdout


def tokenizer_tables(path):
    """Where they begin: behind the tensor table and their own record of 64 bytes."""
    with path.open("rb") as file:
        header = file.read(64)
    metadata_size, tensors = struct.unpack_from("<Q", header, 24)[0], struct.unpack_from("<I", header, 36)[0]
    return (64 + metadata_size + 63) // 64 * 64 + 128 * tensors + 64


def test_damaged_tokenizer_tables_are_refused_by_the_kernel_and_by_info(packed, tmp_path):
    path = damaged(packed, tmp_path, tokenizer_tables(packed) + 1_000)
    result = boot(path)
    assert result.returncode not in (0, POWERED_OFF), result.stdout
    assert len([line for line in result.stdout.splitlines() if "tokenizer tables: checksum: is 0x" in line]) == 1
    result = run_hexa_os("info", path)
    assert "can run       no: offset 0x" in result.stdout and "tokenizer tables: checksum" in result.stdout


def test_a_damaged_table_is_refused(packed, tmp_path):
    result = run_hexa_os("info", damaged(packed, tmp_path, 5_000))
    assert result.returncode == 65
    assert "offset 0x30: checksum of the tables: is 0x" in result.stderr


def test_a_damaged_tensor_is_found_by_name_and_offset(packed, tmp_path):
    name, offset = first_matrix(packed)
    path = damaged(packed, tmp_path, offset + 100)
    assert run_hexa_os("info", path).returncode == 0
    result = run_hexa_os("info", path, "--verify")
    assert result.returncode == 65
    assert f"offset {offset:#x}: tensor '{name}': checksum: is 0x" in result.stderr


@pytest.mark.parametrize("length", [0, 7, 63, 64, 100_000, LARGE_PAGE, -1])
def test_a_cut_file_is_called_truncated(packed, tmp_path, length):
    path = tmp_path / "cut.hxm"
    path.write_bytes(packed.read_bytes()[:length])
    result = run_hexa_os("info", path)
    assert result.returncode == 65
    assert "truncated" in result.stderr


def test_packing_refuses_what_it_cannot_or_must_not_do(packed, tmp_path):
    foreign = tmp_path / "foreign.gguf"
    foreign.write_bytes(b"#!/bin/sh\n" * 10)
    assert run_hexa_os("pack", foreign).returncode == 65
    again = run_hexa_os("pack", packed)
    assert again.returncode == 65 and again.stderr == f"error: {packed} is packed already\n"
    exists = run_hexa_os("pack", MODEL, "-o", packed)
    assert exists.returncode == 73 and exists.stderr == f"error: {packed} exists: --force replaces it\n"
    nowhere = run_hexa_os("pack", MODEL, "-o", "/nowhere/model.hxm")
    assert nowhere.returncode == 74 and "No such file" in nowhere.stderr
    itself = run_hexa_os("pack", MODEL, "-o", MODEL, "--force")
    assert itself.returncode == 74 and "the model itself" in itself.stderr
    assert list(tmp_path.iterdir()) == [foreign]


def test_force_replaces(packed, tmp_path):
    path = tmp_path / "model.hxm"
    path.write_bytes(b"old")
    assert run_hexa_os("pack", MODEL, "-o", path, "--force").returncode == 0
    assert path.read_bytes() == packed.read_bytes()
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_packing_leaves_nothing_behind(tmp_path):
    process = subprocess.Popen([HEXA_OS, "pack", MODEL, "-o", tmp_path / "model.hxm"], stderr=subprocess.PIPE)
    while process.poll() is None and not list(tmp_path.iterdir()):
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("the packing was faster than the signal")
    assert process.returncode == 130 and b"interrupted" in message
    assert not os.listdir(tmp_path)


def greedy(guest):
    body = {"prompt": "The capital of France is", "max_tokens": 24, "temperature": 0}
    with Client(guest.port) as client:
        answer = client.request("POST", "/v1/completions", json=body)
    assert answer.status == 200, answer.body
    return answer.json["choices"][0]["text"]


@pytest.mark.heavy
def test_a_packed_model_gives_the_same_text_and_is_not_repacked(guest, packed, tmp_path):
    with Guest(accelerator=BEST_ACCELERATOR, log_path=tmp_path / "console.log", model=packed) as other:
        other.wait_ready()
        assert greedy(other) == greedy(guest)
        assert "model: packed" in other.console() and "repacked" not in other.console()
    assert "weights repacked in" in guest.console()


def test_a_model_cut_short_while_it_is_served_ends_the_machine_with_a_message(packed, tmp_path, start_guest):
    if KVM_OBSTACLE:
        pytest.skip(KVM_OBSTACLE)
    path = tmp_path / "model.hxm"
    shutil.copyfile(packed, path)
    guest = start_guest(accelerator="hexa-vmm", model=path).wait_ready()
    os.truncate(path, 4_096)
    with pytest.raises(OSError), Client(guest.port, timeout=20) as client:
        client.request("POST", "/v1/completions", json={"prompt": "Once", "max_tokens": 4})
        raise ConnectionError("an answer all the same")
    assert guest.process.wait(timeout=20) == 71
    assert "was it truncated?" in guest.console()
