"""The client: one thread, raw sockets, one epoll. It sends each request at its scheduled moment, whatever became of
those before it, and notes when each piece of an answer arrived; what the pieces mean is worked out after the run, so
that the machine is the server's while it is measured.

Latencies count from the moment a request was *scheduled*, not from when it could be sent: a client that waits for a
slow server before it asks again would leave out the very waits that users see (coordinated omission).
"""

import gc
import select
import socket
import time
from collections import deque
from dataclasses import dataclass, field

from loadtest.arrivals import Request

PATH = "/v1/chat/completions"
END_OF_STREAM = b"data: [DONE]"


@dataclass
class Exchange:
    """One request and what came back. Times are of the monotonic clock."""

    request: Request
    scheduled: float
    started: float = 0.0
    # (arrival, bytes)
    pieces: list = field(default_factory=list)
    # Why there is no whole answer; None if there is one, or if the client left on purpose.
    error: str | None = None
    has_left: bool = False


class OpenLoop:
    """Runs plans against 127.0.0.1:`port`."""

    def __init__(self, port):
        self.port = port
        self.poll = select.epoll()
        # By descriptor: the exchange, its socket, and what is still to be sent.
        self.open = {}

    def run(self, plan, grace, until=None):
        """Carries out a plan; gives up on what is unanswered `grace` seconds after the last arrival.

        `until`, called with all exchanges after every event, may end the run early.
        """
        gc.collect()
        gc.disable()
        exchanges, pending = [], deque(sorted(plan, key=lambda entry: entry[0]))
        start = time.monotonic() + 0.02
        deadline = start + (pending[-1][0] if pending else 0) + grace
        try:
            while (pending or self.open) and (now := time.monotonic()) < deadline:
                while pending and start + pending[0][0] <= now:
                    offset, request = pending.popleft()
                    exchange = Exchange(request, scheduled=start + offset)
                    exchanges.append(exchange)
                    self.launch(exchange)
                wait = (start + pending[0][0] if pending else deadline) - time.monotonic()
                for descriptor, events in self.poll.poll(max(wait, 0)):
                    self.serve(descriptor, events)
                if until and until(exchanges):
                    break
        finally:
            gc.enable()
        for descriptor in list(self.open):
            self.finish(descriptor, "unanswered")
        return exchanges

    def launch(self, exchange):
        exchange.started = time.monotonic()
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        body = exchange.request.body
        head = (f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n")
        sock.connect_ex(("127.0.0.1", self.port))
        self.open[sock.fileno()] = [exchange, sock, head.encode() + body]
        self.poll.register(sock.fileno(), select.EPOLLOUT)

    def serve(self, descriptor, events):
        entry = self.open[descriptor]
        exchange, sock, unsent = entry
        try:
            if unsent and events & (select.EPOLLOUT | select.EPOLLERR | select.EPOLLHUP):
                entry[2] = unsent[sock.send(unsent):]
                if not entry[2]:
                    self.poll.modify(descriptor, select.EPOLLIN)
                return
            data = sock.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError as error:
            return self.finish(descriptor, error.strerror or type(error).__name__)
        if not data:
            complete = any(END_OF_STREAM in piece for _, piece in exchange.pieces[-3:])
            return self.finish(descriptor, None if complete else "cut off")
        exchange.pieces.append((time.monotonic(), data))
        limit = exchange.request.leaves_after
        if limit is not None and len(exchange.pieces) > limit:
            exchange.has_left = True
            self.finish(descriptor, None)
        elif END_OF_STREAM in data:
            self.finish(descriptor, None)

    def finish(self, descriptor, error):
        exchange, sock, _ = self.open.pop(descriptor)
        exchange.error = error
        self.poll.unregister(descriptor)
        sock.close()


class ClosedLoop(OpenLoop):
    """Keeps a number of requests under way for a time: what a server can do at most, whoever waits."""

    def saturate(self, mix, concurrency, duration):
        """All exchanges, those under way at the end included as unanswered."""
        exchanges, deadline = [], time.monotonic() + duration
        gc.disable()
        try:
            while (now := time.monotonic()) < deadline:
                while len(self.open) < concurrency:
                    exchange = Exchange(mix.next(), scheduled=now)
                    exchanges.append(exchange)
                    self.launch(exchange)
                for descriptor, events in self.poll.poll(deadline - now):
                    self.serve(descriptor, events)
        finally:
            gc.enable()
        for descriptor in list(self.open):
            self.finish(descriptor, "unanswered")
        return exchanges
