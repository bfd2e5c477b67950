"""The servers under test: how each is started, known to be ready, and ended, and how much processor time it took."""

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from common import ROOT

from guest import children, free_port

BUILD = ROOT / "build"
LOGS = BUILD / "bench"

CONTEXT = 8_192
SLOTS = 8
PROCESSORS = len(os.sched_getaffinity(0))
READY_SECONDS, END_SECONDS = 60, 15


@dataclass(frozen=True)
class System:
    """A way to serve a model."""

    name: str
    # What to say of it in a table.
    description: str
    program: Path
    arguments: tuple

    def command(self, model, port):
        return [str(word).format(model=model, port=port) for word in (self.program, *self.arguments)]

    @property
    def flags(self):
        return " ".join(str(argument) for argument in self.arguments)


def llama_build():
    """What is to be said of how llama.cpp was built (scripts/build-llama); empty when nothing is."""
    return ", built without AMX" if (BUILD / "llama" / "without-amx").exists() else ""


def known_systems():
    """All of them, in the order of the tables."""
    ours = ["--port", "{port}", "--context", CONTEXT, "--sequences", SLOTS]
    llama = ["-m", "{model}", "--host", "127.0.0.1", "--port", "{port}", "-c", CONTEXT * SLOTS, "-np", SLOTS]
    return [
        System("hexa-os", "HEXA-OS in a microVM", BUILD / "hexa-os",
               ("run", "{model}", *ours, "--cpus", PROCESSORS)),
        System("hexa-serve", "the same server as a Linux process", BUILD / "hexa-serve",
               ("{model}", *ours, *threads_option())),
        System("llama-server", "llama-server, default flags with 8 slots" + llama_build(),
               BUILD / "llama" / "llama-server", tuple(llama)),
        # Small batches keep a prompt from stalling the streams for long; pinned, always polling threads of higher
        # priority keep the barriers short; chunks of cached prompts are reused wherever they stand.
        System("llama-server-tuned", "llama-server, flags tuned by hand" + llama_build(),
               BUILD / "llama" / "llama-server",
               (*llama, "-b", 64, "-ub", 64, "-t", PROCESSORS, "-tb", PROCESSORS, "--cpu-strict", 1,
                "-C", hex((1 << PROCESSORS) - 1), "--poll", 100, "--cache-reuse", 32, "-fa", "on")),
    ]


def threads_option():
    """`--threads` where hexa-serve knows it."""
    program = BUILD / "hexa-serve"
    if not program.exists():
        return ()
    told = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=30).stdout
    return ("--threads", PROCESSORS) if "--threads" in told else ()


class ServerFailure(Exception):
    """A server did not start or has died; one line."""


class Running:
    """A server under test. A context manager: whatever happens, it is gone afterwards.

    `poll_seconds` is how often it is asked whether it is ready.
    """

    def __init__(self, system, model, poll_seconds=0.02):
        if not system.program.exists():
            raise ServerFailure(f"{system.program.relative_to(ROOT)} is missing")
        self.system = system
        self.port = free_port()
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log_path = LOGS / f"{system.name}.log"
        self._log = self.log_path.open("ab")
        self.poll_seconds = poll_seconds
        self.started = time.monotonic()
        self.process = subprocess.Popen(system.command(model, self.port), stdin=subprocess.DEVNULL,
                                        stdout=self._log, stderr=self._log)

    def __enter__(self):
        try:
            self.wait_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()

    def wait_ready(self):
        while not self.is_healthy(timeout=max(0.1, 10 * self.poll_seconds)):
            if self.process.poll() is not None:
                raise ServerFailure(
                    f"{self.system.name} ended with {self.process.returncode}: see {self.log_path.relative_to(ROOT)}")
            if time.monotonic() - self.started > READY_SECONDS:
                raise ServerFailure(f"{self.system.name} was not ready within {READY_SECONDS} s")
            time.sleep(self.poll_seconds)
        self.ready_seconds = time.monotonic() - self.started

    def is_healthy(self, timeout):
        """Whether `/health` says 200."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                return b" 200 " in connection.recv(4_096).split(b"\r\n", 1)[0]
        except OSError:
            return False

    def cpu_seconds(self):
        """Processor time that the server and its children have taken."""
        ticks, pids = 0, [self.process.pid]
        while pids:
            pid = pids.pop()
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            ticks += int(fields[11]) + int(fields[12])
            pids += children(pid)
        return ticks / os.sysconf("SC_CLK_TCK")
