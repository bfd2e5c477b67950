"""A server under test, started and ended as a person would: with `hexa-os run` or `hexa-serve`, and a signal."""

import json
import os
import selectors
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEXA_OS = ROOT / "build" / "hexa-os"
HEXA_SERVE = HEXA_OS.with_name("hexa-serve")
MODEL = ROOT / "build" / "models" / "smollm2-135m-instruct-q4_1.gguf"
MODEL_NAME = MODEL.stem

# Under TCG a boot and a token take tens of times longer.
READY_TIMEOUT_SECONDS = {"kvm": 30, "tcg": 300, "hexa-vmm": 30}
END_TIMEOUT_SECONDS = 20


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run_to_end(program, *arguments, timeout=60, env=None, descriptors=()):
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **(env or {})}, pass_fds=descriptors)


def run_hexa_os(*arguments, **keywords):
    """Runs hexa-os to its end."""
    return run_to_end(HEXA_OS, *arguments, **keywords)


def qemu_command(accelerator):
    """How hexa-os calls QEMU, as a list of words; the last one is the kernel's command line."""
    printed = run_hexa_os("run", MODEL, "--port", free_port(), "--accel", accelerator, "--print-command", "--json")
    return json.loads(printed.stdout)


def boot_to_the_end(accelerator, *words):
    """Boots with more words on the kernel's command line; answers QEMU's result."""
    command = qemu_command(accelerator)
    command[-1] = " ".join([command[-1], *words])
    return subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
                          timeout=120)


def run_hexa_serve(*arguments, **keywords):
    """Runs hexa-serve to its end."""
    return run_to_end(HEXA_SERVE, *arguments, **keywords)


def children(pid):
    """Process ids of `pid`'s children."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def children_of_all_threads(pid):
    """Process ids of `pid`'s children, whichever of its threads is their parent; a fleet's event loop is."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return children(pid)


def descendants(pid):
    return [one for child in children_of_all_threads(pid) for one in [child, *descendants(child)]]


def is_running(pid):
    """Whether the process is there and not merely waiting to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition, timeout, what):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {timeout} s"
        time.sleep(0.01)


class Served:
    """A running server. Use as a context manager: whatever happens, it is gone afterwards."""

    def __init__(self, command, *, log_path, ready_timeout, api_key=None, port=None, descriptors=()):
        self.port = free_port() if port is None else port
        self.log_path = Path(log_path)
        self.api_key = api_key
        self.ready_timeout = ready_timeout
        environment = {**os.environ, **({"HEXA_API_KEY": api_key} if api_key else {})}
        command = [*command, "--port", self.port, "--json"]
        self._log = self.log_path.open("wb")
        self._started = time.monotonic()
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=self._log,
                                        stdin=subprocess.DEVNULL, env=environment, pass_fds=descriptors)
        self._output = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self._log.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def console(self):
        """Everything said so far: the program's own lines and, of a machine, the kernel's console."""
        return self.log_path.read_text(errors="replace")

    def next_event(self, timeout):
        """The next JSON line of standard output."""
        deadline = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._output:
                remaining = deadline - time.monotonic()
                assert remaining > 0, f"no event within {timeout} s; the log:\n{self.console()}"
                if selector.select(remaining):
                    piece = os.read(self.process.stdout.fileno(), 65_536)
                    assert piece, f"it ended with {self.process.wait()}; the log:\n{self.console()}"
                    self._output += piece
        line, self._output = self._output.split(b"\n", 1)
        return json.loads(line)

    def wait_ready(self):
        event = self.next_event(self.ready_timeout)
        assert event["event"] == "ready"
        # It may have chosen the port itself.
        self.port = int(event["url"].removesuffix("/v1").rsplit(":", 1)[1])
        self.ready_seconds = time.monotonic() - self._started
        return self

    def stop(self, number=signal.SIGINT):
        """Ends it as Ctrl-C does; answers its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=END_TIMEOUT_SECONDS)


class Guest(Served):
    """The unikernel in a virtual machine, run by hexa-os: by QEMU with an accelerator, or by our own monitor."""

    def __init__(self, *options, accelerator, log_path, model=MODEL, **keywords):
        self.accelerator = accelerator
        monitor = ["--vmm", "hexa"] if accelerator == "hexa-vmm" else ["--vmm", "qemu", "--accel", accelerator]
        super().__init__([HEXA_OS, "run", model, *monitor, "--verbose", *options], log_path=log_path,
                         ready_timeout=READY_TIMEOUT_SECONDS[accelerator], **keywords)

    @property
    def monitor_pid(self):
        (pid,) = children(self.process.pid)
        return pid


class HostProcess(Served):
    """The same server as an ordinary process, hexa-serve."""

    def __init__(self, *options, log_path, model=MODEL, api_key=None):
        super().__init__([HEXA_SERVE, model, *options], log_path=log_path,
                         ready_timeout=READY_TIMEOUT_SECONDS["kvm"], api_key=api_key)
