"""The load test's client against a server of a few lines: when things are counted from, and every way to end."""

import json
import socket
import threading
import time

import pytest

from loadtest.answers import dechunk, read, server_sent_events
from loadtest.arrivals import Mix, chat
from loadtest.client import ClosedLoop, OpenLoop

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(text=None, **members):
    choices = [{"delta": {"content": text}}] if text is not None else []
    return chunk(b"data: " + json.dumps({"choices": choices, **members}).encode() + b"\n\n")


def whole_answer(tokens):
    usage = {"completion_tokens": tokens, "prompt_tokens": 7, "prompt_tokens_details": {"cached_tokens": 5}}
    return HEAD + b"".join(event("x") for _ in range(tokens)) + event(usage=usage) + chunk(b"data: [DONE]\n\n")


@pytest.fixture
def serve():
    """Serves every connection with a function of the socket, one after the other."""
    listeners = []

    def start(answer):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    try:
                        connection.recv(65_536)
                        answer(connection)
                    except OSError:
                        pass

        threading.Thread(target=accept, daemon=True).start()
        return listener.getsockname()[1]

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def ask(port, count=1, spacing=0.0, grace=2, **keywords):
    plan = [(spacing * index, chat("short", "Hi", 3, **keywords)) for index in range(count)]
    return [read(exchange) for exchange in OpenLoop(port).run(plan, grace)]


def test_an_answer_is_read_whole(serve):
    (answer,) = ask(serve(lambda connection: connection.sendall(whole_answer(3))))
    assert answer.succeeded and answer.status == 200
    assert len(answer.token_times) == 3 and answer.token_count == 3
    assert answer.prompt_tokens == 7 and answer.cached_tokens == 5


def test_waits_count_from_the_scheduled_moment(serve):
    """A server that takes one at a time, 0.1 s each: the third of three that arrive together waits for two others."""
    def slow(connection):
        time.sleep(0.1)
        connection.sendall(whole_answer(1))

    answers = ask(serve(slow), count=3)
    waits = sorted(answer.time_to_first for answer in answers)
    assert waits == pytest.approx([0.1, 0.2, 0.3], abs=0.06)


def test_arrivals_do_not_wait_for_answers(serve):
    answers = ask(serve(lambda connection: time.sleep(0.3)), count=5, spacing=0.02, grace=0.1)
    assert max(answer.lateness for answer in answers) < 0.02
    assert all(answer.error for answer in answers)


@pytest.mark.parametrize("reply, error", [
    (b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\n{}", "status 429"),
    (HEAD + event("x"), "cut off"),
    (b"", "cut off"),
])
def test_what_is_not_a_whole_answer_says_why(serve, reply, error):
    (answer,) = ask(serve(lambda connection: connection.sendall(reply)))
    assert answer.error == error and not answer.succeeded


def test_nobody_listens():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        (answer,) = ask(unused.getsockname()[1])
    assert answer.error == "Connection refused"


def test_a_client_that_leaves_does_so_in_the_middle(serve):
    left = []

    def endless(connection):
        connection.sendall(HEAD)
        while True:
            try:
                connection.sendall(event("x"))
            except OSError:
                return left.append(True)
            time.sleep(0.01)

    (answer,) = ask(serve(endless), leaves_after=3)
    assert answer.has_left and answer.error is None and len(answer.token_times) >= 2
    deadline = time.monotonic() + 2
    while not left and time.monotonic() < deadline:
        time.sleep(0.01)
    assert left, "the server saw the connection close"


def test_the_closed_loop_keeps_so_many_under_way(serve):
    exchanges = ClosedLoop(serve(lambda connection: connection.sendall(whole_answer(2)))).saturate(Mix(1), 4, 0.3)
    assert sum(read(exchange).succeeded for exchange in exchanges) > 8
    assert sum(exchange.error == "unanswered" for exchange in exchanges) <= 4


def test_events_are_found_however_the_bytes_are_cut():
    data = whole_answer(3)
    expected = [payload for _, payload in server_sent_events([(0.0, data)])]
    for size in (1, 2, 7, 50):
        pieces = [(index, data[index:index + size]) for index in range(0, len(data), size)]
        found = server_sent_events(pieces)
        assert [payload for _, payload in found] == expected
        arrivals = [arrival for arrival, _ in found[1:]]
        assert arrivals == sorted(arrivals) and arrivals[-1] > 0


def test_a_chunk_that_is_not_whole_waits():
    assert dechunk(b"3\r\nabc\r\n5\r\nde") == (b"abc", b"5\r\nde")
    assert dechunk(b"3;extension\r\nabc\r\n") == (b"abc", b"")
    assert dechunk(b"3\r") == (b"", b"3\r")
