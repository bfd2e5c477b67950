"""What our own monitor costs stays within its bounds: exits for each streamed token, and memory beside the guest's."""

import pytest

from conftest import OWN_MONITOR
from guest import run_hexa_os
from monitor_cost import MEMORY_MIB, exits_per_token, memory_overhead_kib, resident_kib, stream

pytestmark = [pytest.mark.parametrize("own_monitor", [OWN_MONITOR]), pytest.mark.heavy]

EXITS_PER_TOKEN_MAX = 2
# Of the monitor, and of the launcher beside it.
OVERHEAD_MIB_MAX = 8
LAUNCHER_MIB_MAX = 32


def test_a_streamed_token_costs_few_exits(own_monitor):
    # One processor: with more of them a lane halts whenever the host has something else to do, which is the host's
    # affair and none of the guest's; bench/monitor.py measures that on a quiet one.
    cost = exits_per_token(cpus=1)
    assert cost["caused by the guest"] <= EXITS_PER_TOKEN_MAX, cost
    assert cost["to the monitor"] <= 0.1, cost


def test_the_monitor_takes_little_memory(own_monitor, start_guest):
    with start_guest("--memory", MEMORY_MIB, accelerator=own_monitor) as guest:
        guest.wait_ready()
        stream(guest.port, 64)
        overhead = memory_overhead_kib(guest.monitor_pid)
        launcher = resident_kib(guest.process.pid, lambda *_: True)
    assert overhead <= OVERHEAD_MIB_MAX << 10, f"{overhead} KiB"
    assert launcher <= LAUNCHER_MIB_MAX << 10, f"{launcher} KiB"


def test_statistics_need_our_own_monitor(own_monitor):
    result = run_hexa_os("run", "model.gguf", "--stats", "--replicas", "2")
    assert result.returncode == 64 and "--stats" in result.stderr
