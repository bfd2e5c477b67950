"""The kernel breaks its own rules on purpose (`hexa.self-test=`): each must end in a report and a failing exit."""

import re

import pytest

from conftest import KVM_OBSTACLE
from guest import boot_to_the_end

POWERED_OFF, FAILED = 0x10 << 1 | 1, 0x11 << 1 | 1

# What the report must say, beside a backtrace.
RULES = {
    "null-page": "fault: ",
    "stack-overflow": "fault: ",
    "write-text": "fault: ",
    "execute-data": "fault: ",
    "touch-stub": "fault: ",
    "out-of-memory": "panic: ",
    "panic": "panic: self-test",
    "trap": "fault: ",
}


@pytest.mark.parametrize("rule", RULES)
def test_a_broken_rule_is_reported_and_ends_the_machine(accelerator, rule):
    result = boot_to_the_end(accelerator, f"hexa.self-test={rule}")
    assert result.returncode == FAILED, result.stdout
    assert RULES[rule] in result.stdout
    report = result.stdout[result.stdout.index(RULES[rule]):]
    # The backtrace names functions, not only addresses.
    assert re.search(r" at 0x[0-9a-f]{8} .*(SelfTest|kernelMain).* \+ \d+", report), report


def test_a_granted_power_off_is_clean(accelerator):
    assert boot_to_the_end(accelerator, "hexa.self-test=power-off").returncode == POWERED_OFF


@pytest.mark.skipif(KVM_OBSTACLE is not None, reason=KVM_OBSTACLE or "")
def test_the_kernel_tells_what_a_check_and_a_switch_take():
    result = boot_to_the_end("kvm", "hexa.self-test=law-speed")
    assert result.returncode == POWERED_OFF, result.stdout
    assert re.findall(r"speed: (\S+) [1-9]\d* ps", result.stdout) == ["law-check", "switch"]


@pytest.mark.parametrize("word", ["hexa.port=0", "hexa.port=http", "hexa.ip=10.0.2", "hexa.nonsense=1",
                                  "hexa.log=loud", "hexa.model=sda"])
def test_a_wrong_word_on_the_command_line_is_named(accelerator, word):
    result = boot_to_the_end(accelerator, word)
    assert result.returncode not in (0, POWERED_OFF)
    assert word.split("=")[0] in result.stdout
