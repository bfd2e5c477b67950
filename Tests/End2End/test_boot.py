"""From process start to an answer and back to nothing, on every monitor and accelerator that works here."""

import json
import os
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from guest import HEXA_OS, MODEL, MODEL_NAME, children, free_port, is_running, run_hexa_os, wait_until
from raw_http import Client

KERNEL = HEXA_OS.with_name("hexa-kernel.elf")


def test_the_kernel_image_is_under_4_mib():
    assert KERNEL.stat().st_size < 4 << 20


def test_it_boots_answers_and_powers_off(machine, start_guest):
    guest = start_guest(accelerator=machine).wait_ready()
    with urllib.request.urlopen(f"{guest.url}/health") as response:
        assert response.status == 200
    body = {"prompt": "The capital of France is", "max_tokens": 1, "temperature": 0}
    with Client(guest.port) as client:
        answer = client.request("POST", "/v1/completions", json=body)
    assert answer.status == 200, answer.body
    assert answer.json["choices"][0]["text"] == " Paris"
    monitor_pid = guest.monitor_pid
    assert guest.stop(signal.SIGINT) == 0
    assert not is_running(monitor_pid)
    assert "powered off" in guest.console()
    print(f"\n{machine}: ready {guest.ready_seconds:.2f} s after process start")


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor leaves nothing to choose")
def test_each_virtual_processor_has_a_processor_of_its_own(monitor, start_guest):
    allowed = os.sched_getaffinity(0)
    guest = start_guest("--cpus", str(len(allowed)), accelerator=monitor).wait_ready()
    # hexa-os announces readiness once it has placed them.
    wait_until(lambda: "serving at" in guest.console(), 10, "the announcement")
    tasks = Path(f"/proc/{guest.monitor_pid}/task")
    processors = [os.sched_getaffinity(int(task.name)) for task in tasks.iterdir()
                  if (task / "comm").read_text().startswith("CPU ")]
    assert sorted(map(tuple, processors)) == [(number,) for number in sorted(allowed)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_powers_off_and_exits_with_0(monitor, start_guest, number):
    guest = start_guest(accelerator=monitor).wait_ready()
    monitor_pid = guest.monitor_pid
    assert guest.stop(number) == 0
    assert not is_running(monitor_pid)
    assert "did not power off" not in guest.console()


def test_a_request_to_end_during_boot_is_heeded(monitor, start_guest):
    guest = start_guest(accelerator=monitor)
    wait_until(lambda: children(guest.process.pid), 10, "the monitor's start")
    monitor_pid = guest.monitor_pid
    guest.stop(signal.SIGINT)
    assert not is_running(monitor_pid)


def test_killed_hard_it_still_leaves_no_process(monitor, start_guest):
    guest = start_guest(accelerator=monitor).wait_ready()
    monitor_pid = guest.monitor_pid
    guest.process.kill()
    wait_until(lambda: not is_running(monitor_pid), 5, "the monitor's end")


def test_the_monitors_death_is_told(monitor, start_guest):
    guest = start_guest(accelerator=monitor).wait_ready()
    os.kill(guest.monitor_pid, signal.SIGKILL)
    assert guest.process.wait(timeout=10) == 71
    assert "monitor ended" in guest.console()


def test_ctrl_c_on_a_terminal_reaches_hexa_os_alone(monitor, start_guest):
    # A terminal signals its whole foreground group; the monitor must not be in it, or it would die before the kernel is
    # done.
    guest = start_guest(accelerator=monitor).wait_ready()
    assert os.getpgid(guest.monitor_pid) != os.getpgid(guest.process.pid)


def test_a_first_prompt_is_answered_on_standard_output():
    result = run_hexa_os("run", MODEL, "--port", free_port(), "--prompt", "What is the capital of France?", "--once",
                         "--max-tokens", 12, timeout=600)
    assert result.returncode == 0, result.stderr
    assert "Paris" in result.stdout
    assert "serving at http://127.0.0.1:" in result.stderr
    assert f"model {MODEL_NAME}" in result.stderr


def test_events_can_be_read_by_a_script():
    port = free_port()
    result = run_hexa_os("run", MODEL, "--port", port, "--prompt", "Hi", "--once", "--max-tokens", 4, "--json",
                         timeout=600)
    ready, answer = map(json.loads, result.stdout.splitlines())
    assert ready["event"] == "ready" and ready["url"] == f"http://127.0.0.1:{port}/v1"
    assert answer["event"] == "answer" and answer["text"]


def test_the_served_name_can_be_chosen(start_guest):
    guest = start_guest("--name", "my-model").wait_ready()
    with Client(guest.port) as client:
        models = client.request("GET", "/v1/models").json
    assert [model["id"] for model in models["data"]] == ["my-model"]


def test_a_quiet_kernel_still_gets_ready(start_guest):
    guest = start_guest("--log-level", "error").wait_ready()
    assert " info " not in guest.console().replace("serving at", "")


def test_the_api_key_is_in_no_process_list(monitor, start_guest):
    guest = start_guest(api_key="sk-hidden", accelerator=monitor).wait_ready()
    for pid in (guest.process.pid, guest.monitor_pid):
        assert b"sk-hidden" not in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_hidden_kvm_falls_back_to_tcg_and_says_so():
    # The probe fails for a process that may not open the device.
    if not os.path.exists("/dev/kvm"):
        pytest.skip("there is no /dev/kvm to hide")
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"]).returncode != 0:
        pytest.skip("hiding /dev/kvm needs root and mount namespaces")
    def run(*options):
        command = f"mount --bind /dev/null /dev/kvm && exec {HEXA_OS} run {MODEL} --port {free_port()} --print-command"
        return subprocess.run(["unshare", "-m", "sh", "-c", " ".join([command, *options])], capture_output=True,
                              text=True, timeout=60)

    result = run()
    assert result.returncode == 0 and "accel=tcg" in result.stdout
    assert result.stderr.count("\n") == 1 and "falling back to TCG" in result.stderr
    result = run("--accel", "kvm")
    assert result.returncode == 69
    assert "--accel tcg" in result.stderr


def test_our_own_monitor_gives_up_what_it_does_not_need(monitor, start_guest):
    if monitor != "hexa-vmm":
        pytest.skip("QEMU's own affair")
    guest = start_guest(accelerator=monitor).wait_ready()
    status = Path(f"/proc/{guest.monitor_pid}/status").read_text()
    assert "Seccomp:\t2" in status and "NoNewPrivs:\t1" in status


def test_the_boots_milestones_can_be_seen(monitor, start_guest, tmp_path):
    guest = start_guest("--timeline", str(tmp_path / "boot"), accelerator=monitor).wait_ready()
    wait_until((tmp_path / "boot.svg").exists, 5, "the drawing")
    assert guest.stop() == 0
    milestones = json.loads((tmp_path / "boot.json").read_text())
    times = [milestone["milliseconds"] for milestone in milestones]
    assert times == sorted(times)
    assert {"entry", "ready"} <= {milestone["milestone"] for milestone in milestones}
