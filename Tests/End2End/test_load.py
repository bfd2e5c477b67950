"""Many clients at once, clients that leave, and clients that mean harm."""

import random
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from guest import wait_until
from raw_http import Client

# The same server twice: as the unikernel and as an ordinary process.
SERVERS = ["hexa-os", "hexa-vmm", "hexa-serve"]

CONNECTION_COUNT = 256


@pytest.mark.heavy
def test_256_connections_each_get_their_own_answer(guest):
    """Every connection echoes a number of its own, so that a mix-up would show."""
    start = threading.Barrier(CONNECTION_COUNT)

    def ask(number):
        with Client(guest.port, timeout=600) as client:
            start.wait(timeout=60)
            body = {"prompt": f"{number}:", "max_tokens": 2, "temperature": 0, "echo": True}
            response = client.request("POST", "/v1/completions", json=body)
            return response.status, response.status == 200 and response.json["choices"][0]["text"]

    with ThreadPoolExecutor(CONNECTION_COUNT) as pool:
        answers = list(pool.map(ask, range(CONNECTION_COUNT)))
    assert [status for status, _ in answers] == [200] * CONNECTION_COUNT
    for number, (_, text) in enumerate(answers):
        assert text.startswith(f"{number}:")


def test_256_connections_are_held_open_and_all_served(guest):
    clients = [Client(guest.port) for _ in range(CONNECTION_COUNT)]
    try:
        for client in clients:
            client.send_request("GET", "/health")
        for client in clients:
            assert client.receive().status == 200
    finally:
        for client in clients:
            client.close()


@pytest.mark.heavy
def test_over_capacity_is_429_with_retry_after(guest):
    """Requests beyond the places and the queue are told to come back, and those inside are served."""
    body = {"prompt": "Count:", "max_tokens": 2, "temperature": 0, "n": 64}
    clients = [Client(guest.port, timeout=600) for _ in range(12)]
    try:
        for client in clients:
            client.send_request("POST", "/v1/completions", json=body)
        responses = [client.receive() for client in clients]
    finally:
        for client in clients:
            client.close()
    refused = [response for response in responses if response.status == 429]
    assert refused and any(response.status == 200 for response in responses)
    for response in refused:
        assert int(response.headers["retry-after"]) >= 1
        assert response.error["type"] == "rate_limit_error"


@pytest.mark.heavy
def test_requests_in_flight_share_the_model_fairly(guest):
    """A short request that comes after a long one does not wait for its end."""
    with Client(guest.port) as long, Client(guest.port) as short:
        long.send_request("POST", "/v1/completions", json={
            "prompt": "Once upon a time", "max_tokens": 200, "temperature": 0, "stream": True, "ignore_eos": True})
        long.receive_head()
        events = long.events()
        next(events)
        response = short.request("POST", "/v1/completions", json={"prompt": "Hi", "max_tokens": 2})
        assert response.status == 200
        remaining = sum(1 for _ in events)
    assert remaining > 20, "the short request was answered only when the long one was nearly done"


@pytest.mark.parametrize("abruptly", [False, True], ids=["FIN", "RST"])
def test_a_client_that_leaves_cancels_its_generation(guest, metric, abruptly):
    before = metric("hexa_generations_cancelled_total")
    client = Client(guest.port)
    client.send_request("POST", "/v1/completions", json={
        "prompt": "Once upon a time", "max_tokens": 1_000, "stream": True, "ignore_eos": True})
    client.receive_head()
    next(client.events())
    if abruptly:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    wait_until(lambda: metric("hexa_generations_cancelled_total") == before + 1, 10, "the cancellation")
    wait_until(lambda: metric("hexa_running_sequences") == 0, 10, "the sequence's end")


def test_leaving_before_a_whole_answer_cancels_as_well(guest, metric):
    before = metric("hexa_generations_cancelled_total")
    client = Client(guest.port)
    client.send_request("POST", "/v1/completions", json={
        "prompt": "Once upon a time", "max_tokens": 1_000, "ignore_eos": True})
    wait_until(lambda: metric("hexa_running_sequences") >= 1, 30, "the generation's start")
    client.close()
    wait_until(lambda: metric("hexa_generations_cancelled_total") == before + 1, 10, "the cancellation")


def test_random_bytes_do_no_harm(guest):
    generator = random.Random(20_240_607)
    for _ in range(100):
        with Client(guest.port, timeout=5) as client:
            try:
                client.send(generator.randbytes(generator.randrange(1, 4_000)))
                if generator.random() < 0.5:
                    client.socket.shutdown(socket.SHUT_WR)
            except ConnectionError:
                pass


def test_mutated_requests_do_no_harm(guest):
    """A good request with bytes changed, dropped or doubled: any status will do, silence after a close will too."""
    generator = random.Random(7)
    good = (b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 48\r\n\r\n"
            b'{"prompt": "Hi there", "max_tokens": 1, "n": 1} ')
    for _ in range(150):
        data = bytearray(good)
        for _ in range(generator.randrange(1, 6)):
            position = generator.randrange(len(data))
            action = generator.randrange(3)
            if action == 0:
                data[position] = generator.randrange(256)
            elif action == 1:
                del data[position]
            else:
                data.insert(position, data[position])
        with Client(guest.port, timeout=20) as client:
            try:
                client.send(bytes(data))
                client.socket.shutdown(socket.SHUT_WR)
                client.is_closed()
            except (ConnectionError, OSError):
                pass


def test_a_reader_that_stalls_does_not_stall_others(guest):
    stalled = Client(guest.port)
    stalled.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    stalled.send_request("POST", "/v1/completions", json={
        "prompt": "Once upon a time", "max_tokens": 500, "stream": True, "ignore_eos": True})
    try:
        started = time.monotonic()
        with Client(guest.port) as client:
            assert client.request("POST", "/v1/completions", json={"prompt": "Hi", "max_tokens": 1}).status == 200
        assert time.monotonic() - started < 60
    finally:
        stalled.close()


def test_a_flood_of_short_connections_leaves_nothing_behind(guest, metric):
    for _ in range(300):
        with Client(guest.port) as client:
            client.send_request("GET", "/health")
            client.receive()
    wait_until(lambda: metric("hexa_connections_open") <= 2, 30, "the connections' end")
