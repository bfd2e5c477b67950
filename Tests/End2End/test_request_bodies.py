"""What clients can make the server hold by sending request bodies and not finishing them."""

import contextlib

import pytest

from guest import wait_until
from raw_http import Client

SERVERS = ["hexa-os", "hexa-vmm", "hexa-serve"]

BODY_BYTES = 4 << 20
CLIENT_COUNT = 60


def announce_body(client, byte_count=BODY_BYTES, fields=""):
    client.send(f"POST /v1/completions HTTP/1.1\r\nHost: x\r\n{fields}Content-Length: {byte_count}\r\n\r\n".encode())


def send_half_bodies(port, stack, fields=""):
    """Clients that each send half of a body of the largest size, as far as the server takes it."""
    clients = []
    for _ in range(CLIENT_COUNT):
        client = stack.enter_context(Client(port, timeout=10))
        clients.append(client)
        announce_body(client, fields=fields)
        with contextlib.suppress(ConnectionError):
            client.send(b" " * (BODY_BYTES // 2))
    return clients


def answered(clients):
    """The answers that have come; a client whose body the server waits for has none."""
    responses = []
    for client in clients:
        client.socket.settimeout(0.2)
        with contextlib.suppress(TimeoutError, ConnectionError):
            responses.append(client.receive())
    return responses


def test_unfinished_bodies_are_bounded_and_others_are_served(guest, metric):
    refused_before = metric("hexa_request_bodies_refused_total")
    with contextlib.ExitStack() as stack:
        clients = send_half_bodies(guest.port, stack)
        with Client(guest.port, timeout=60) as other:
            response = other.request("POST", "/v1/completions", json={"prompt": "Hi", "max_tokens": 2})
        assert response.status == 200
        assert 0 < metric("hexa_request_body_bytes") <= 16 << 20
        assert metric("hexa_request_bodies_refused_total") - refused_before >= CLIENT_COUNT - 4
        responses = answered(clients)
        assert {response.status for response in responses} == {503}
        for response in responses:
            assert int(response.headers["retry-after"]) >= 1
            assert response.headers["connection"] == "close"
            assert response.error["code"] == "request_memory_exhausted"
    wait_until(lambda: metric("hexa_request_body_bytes") == 0, 30, "the memory's release")


def test_a_whole_body_of_the_largest_size_is_still_received(guest):
    with Client(guest.port, timeout=60) as client:
        announce_body(client)
        client.send(b" " * BODY_BYTES)
        assert client.receive().status == 400


@pytest.mark.parametrize("form", ["hexa-vmm", "hexa-serve"])
def test_without_a_valid_key_no_body_is_received(form, start_guest, start_process):
    start = start_process if form == "hexa-serve" else start_guest
    server = start(api_key="secret").wait_ready()
    with contextlib.ExitStack() as stack:
        clients = send_half_bodies(server.port, stack, "Authorization: Bearer wrong\r\n")
        with Client(server.port, timeout=60) as other:
            key = {"Authorization": "Bearer secret"}
            text = other.request("GET", "/metrics", headers=key).body.decode()
            assert "\nhexa_request_body_bytes 0\n" in text
            response = other.request("POST", "/v1/completions", json={"prompt": "Hi", "max_tokens": 2}, headers=key)
            assert response.status == 200
        assert {response.status for response in answered(clients)} == {401}
    with Client(server.port, timeout=10) as client:
        announce_body(client, fields="Expect: 100-continue\r\n")
        response = client.receive()
        assert response.status == 401
        assert response.headers["www-authenticate"] == "Bearer"
        # The answer can be read although the client goes on sending.
        with contextlib.suppress(ConnectionError):
            client.send(b" " * 65_536)
        assert client.is_closed()
