"""Every route of the API, and what each mistake is answered with.

The fixture `guest` checks after each test that the next good request is answered.
"""

import json
import socket

import pytest

from conftest import BEST_ACCELERATOR
from guest import Guest
from raw_http import Client

# The same server twice: as the unikernel and as an ordinary process.
SERVERS = ["hexa-os", "hexa-vmm", "hexa-serve"]

CHAT = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
COMPLETION = {"prompt": "Hello", "max_tokens": 1}
READ_ROUTES = ["/health", "/v1/models", "/metrics", "/version"]
WRITE_ROUTES = ["/v1/chat/completions", "/v1/completions", "/tokenize", "/detokenize", "/apply-template"]


def test_health_is_ok(http):
    response = http.request("GET", "/health")
    assert response.status == 200
    assert response.json == {"status": "ok"}


def test_the_model_is_listed_and_found_by_name(http, model):
    listing = http.request("GET", "/v1/models").json
    assert listing["object"] == "list"
    (entry,) = listing["data"]
    assert entry["id"] == model and entry["object"] == "model" and entry["created"] > 1_600_000_000
    assert http.request("GET", f"/v1/models/{model}").json == entry


def test_another_model_is_not_found(http):
    response = http.request("GET", "/v1/models/gpt-4")
    assert response.status == 404
    assert response.error["code"] == "model_not_found"


def test_the_version_is_told(http):
    assert http.request("GET", "/version").json["version"].count(".") == 2


def test_metrics_are_prometheus_text(http):
    response = http.request("GET", "/metrics")
    assert response.status == 200
    assert response.headers["content-type"].startswith("text/plain")
    lines = response.body.decode().splitlines()
    assert any(line.startswith("# TYPE hexa_") for line in lines)
    for line in lines:
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            float(value)


def test_tokens_make_the_round_trip(http):
    text = "Grüße, 世界! 🦊"
    tokens = http.request("POST", "/tokenize", json={"content": text}).json["tokens"]
    assert all(isinstance(token, int) for token in tokens)
    assert http.request("POST", "/detokenize", json={"tokens": tokens}).json["content"] == text


def test_pieces_of_tokens_join_to_the_text(http):
    pieces = http.request("POST", "/tokenize", json={"content": "Hello, world!", "with_pieces": True}).json["tokens"]
    assert "".join(piece["piece"] for piece in pieces) == "Hello, world!"


def test_a_chat_completion_has_openais_shape(http, model):
    answer = http.request("POST", "/v1/chat/completions", json={**CHAT, "temperature": 0, "max_tokens": 3}).json
    assert answer["object"] == "chat.completion" and answer["id"].startswith("chatcmpl-")
    assert answer["model"] == model and answer["created"] > 1_600_000_000
    (choice,) = answer["choices"]
    assert choice["index"] == 0 and choice["message"]["role"] == "assistant" and choice["message"]["content"]
    assert choice["finish_reason"] in ("stop", "length")
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert 1 <= usage["completion_tokens"] <= 3


def test_a_stream_is_events_until_done(http):
    body = {**CHAT, "stream": True, "max_tokens": 4, "stream_options": {"include_usage": True}}
    http.send_request("POST", "/v1/chat/completions", json=body)
    status, _, headers = http.receive_head()
    assert status == 200 and headers["content-type"].startswith("text/event-stream")
    *chunks, usage = http.events()
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks][-1] in ("stop", "length")
    assert all(chunk["object"] == "chat.completion.chunk" for chunk in chunks)
    assert usage["choices"] == [] and usage["usage"]["completion_tokens"] <= 4
    # The connection goes on after a stream.
    assert http.request("GET", "/health").status == 200


def test_the_routes_answer_head_like_get_without_a_body(http):
    for route in READ_ROUTES:
        head = http.request("HEAD", route)
        assert head.status == 200 and head.body == b""


def test_unknown_routes_are_404(http):
    for route in ["/", "/v1", "/v2/models", "/v1/chat", "/etc/passwd", "/../health"]:
        response = http.request("GET", route)
        assert response.status == 404, route
        assert response.error["message"]


def test_wrong_methods_are_405_and_name_the_right_one(http):
    for route in READ_ROUTES:
        response = http.request("POST", route, json={})
        assert response.status == 405 and "GET" in response.headers["allow"], route
    for route in WRITE_ROUTES:
        for method in ("GET", "PUT", "DELETE"):
            response = http.request(method, route)
            assert response.status == 405 and "POST" in response.headers["allow"], (method, route)


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'"text"', b"{'messages': []}", b'{"a": 1,}', b"\xff\xfe", b'{"a": NaN}',
    b'{"prompt": "\\ud800"}', b"[" * 100_000, b'{"a":' * 100_000, b'{"prompt": "Hi"} x', b"\x00",
])
@pytest.mark.parametrize("route", ["/v1/completions", "/v1/chat/completions", "/tokenize"])
def test_malformed_json_is_400(http, route, body):
    response = http.request("POST", route, body=body)
    assert response.status == 400, response.body
    assert response.error["type"] == "invalid_request_error"


@pytest.mark.parametrize("change, parameter", [
    ({"messages": None}, "messages"), ({"messages": []}, "messages"), ({"messages": "Hi"}, "messages"),
    ({"messages": [{"role": "user"}]}, "messages"), ({"messages": [{"content": "Hi"}]}, "messages"),
    ({"messages": [{"role": 1, "content": "Hi"}]}, "messages"), ({"messages": [5]}, "messages"),
    ({"temperature": -1}, "temperature"), ({"temperature": 2.5}, "temperature"),
    ({"temperature": "hot"}, "temperature"),
    ({"top_p": 1.5}, "top_p"), ({"n": 0}, "n"), ({"n": 100_000}, "n"), ({"n": 1.5}, "n"),
    ({"max_tokens": 0}, "max_tokens"), ({"max_tokens": -1}, "max_tokens"), ({"max_tokens": "all"}, "max_tokens"),
    ({"stop": ["a", "b", "c", "d", "e"]}, "stop"), ({"stop": 5}, "stop"), ({"seed": "x"}, "seed"),
    ({"top_logprobs": 5}, "top_logprobs"), ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
    ({"frequency_penalty": 3}, "frequency_penalty"), ({"presence_penalty": -3}, "presence_penalty"),
    ({"logit_bias": {"x": 1}}, "logit_bias"), ({"logit_bias": {"5": 101}}, "logit_bias"),
    ({"stream_options": {"include_usage": True}}, "stream_options"), ({"stream": "yes"}, "stream"),
])
def test_a_wrong_parameter_is_400_and_named(http, change, parameter):
    body = {key: value for key, value in {**CHAT, **change}.items() if value is not None}
    response = http.request("POST", "/v1/chat/completions", json=body)
    assert response.status == 400, response.body
    assert parameter in (response.error["param"] or "") + response.error["message"]


@pytest.mark.parametrize("prompt", [5, {}, [], [[]], [1.5], ["a", 5], [-1], [10**9], [49_152], [None]])
def test_a_wrong_prompt_is_400(http, prompt):
    response = http.request("POST", "/v1/completions", json={"prompt": prompt, "max_tokens": 1})
    assert response.status == 400, response.body
    assert response.error


@pytest.mark.parametrize("tokens", ["x", [1.5], [-1], [49_152], [10**30], None, [[1]]])
def test_wrong_tokens_are_400(http, tokens):
    assert http.request("POST", "/detokenize", json={"tokens": tokens}).status == 400


def test_a_prompt_over_the_context_is_refused_by_name(http):
    for route, body in [("/v1/completions", {"prompt": [1] * 20_000}),
                        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "word " * 20_000}]})]:
        response = http.request("POST", route, json=body)
        assert response.status == 400, response.body
        assert response.error["code"] == "context_length_exceeded"


def test_a_body_that_is_too_large_is_413(guest):
    with Client(guest.port) as client:
        client.send(b"POST /tokenize HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n")
        assert client.receive().status == 413


def test_an_endless_chunked_body_is_413(guest):
    with Client(guest.port) as client:
        client.send(b"POST /tokenize HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        try:
            for _ in range(2_000):
                client.send(chunk)
        except (ConnectionError, TimeoutError):
            pass
        try:
            assert client.receive().status == 413
        except ConnectionError:
            pass  # The answer was lost to the reset that follows unread bytes (RFC 9112, section 9.6).


@pytest.mark.parametrize("request_bytes, status", [
    (b"nonsense\r\n\r\n", 400),
    (b"GET /health HTTP/1.1\r\n\r\n", 400),
    (b"GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
    (b"GET /health HTTP/1.1\r\nHost: x\r\n broken: yes\r\n\r\n", 400),
    (b"GET /health HTTP/1.1\r\nHost: x\r\nbad name: yes\r\n\r\n", 400),
    (b"GET /health HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    (b"POST /tokenize HTTP/1.1\r\nHost: x\r\nContent-Length: 2x\r\n\r\n{}", 400),
    (b"POST /tokenize HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", 400),
    (b"POST /tokenize HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400),
    (b"POST /tokenize HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    (b"GET /health HTTP/1.1\r\nHost: x\r\nBig: " + b"x" * 1_000_000 + b"\r\n\r\n", 431),
    (b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 10_000 + b"\r\n", 431),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100 + b"\r\n\r\n", 400),
])
def test_malformed_http_is_refused_and_the_connection_closed(guest, request_bytes, status):
    with Client(guest.port, timeout=30) as client:
        try:
            client.send(request_bytes)
            assert client.receive().status == status
        except ConnectionError:
            pass  # A reset may overtake the answer when bytes are left unread.
        assert client.is_closed()


def test_expect_continue_is_honoured(guest):
    body = json.dumps({"content": "Hi"}).encode()
    with Client(guest.port) as client:
        client.send(b"POST /tokenize HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(body))
        assert client.receive().status == 100
        client.send(body)
        assert client.receive().status == 200


def test_pipelined_requests_are_answered_in_order(guest):
    with Client(guest.port) as client:
        client.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
                    b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
        assert [client.receive().status for _ in range(3)] == [200, 404, 200]


def test_a_request_may_come_byte_by_byte(guest):
    with Client(guest.port) as client:
        for byte in b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n":
            client.send(bytes([byte]))
        assert client.receive().status == 200


def test_old_clients_get_their_connection_closed(guest):
    with Client(guest.port) as client:
        client.send(b"GET /health HTTP/1.0\r\n\r\n")
        assert client.receive().status == 200
        assert client.is_closed()


def test_a_chunked_request_body_is_joined(guest):
    with Client(guest.port) as client:
        client.send(b"POST /tokenize HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b'b\r\n{"content":\r\n5;a=b\r\n"Hi"}\r\n0\r\nTrailer: x\r\n\r\n')
        response = client.receive()
        assert response.status == 200 and response.json["tokens"]


def test_connections_that_say_nothing_do_no_harm(guest):
    silent = [socket.create_connection(("127.0.0.1", guest.port)) for _ in range(20)]
    with Client(guest.port) as client:
        assert client.request("GET", "/health").status == 200
    for connection in silent:
        connection.close()


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    """A machine that was started with a key."""
    log_path = tmp_path_factory.mktemp("locked") / "console.log"
    with Guest(accelerator=BEST_ACCELERATOR, api_key="sk-right", log_path=log_path) as guest:
        yield guest.wait_ready()


class TestAPIKey:
    """A machine started with a key serves only who has it."""

    @pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sk-wrong"}, {"Authorization": "Bearer "},
                                         {"Authorization": "Basic sk-right"}, {"Authorization": "Bearer sk-righ"}])
    def test_without_the_key_it_is_401(self, locked, headers):
        with Client(locked.port) as client:
            for route, body in [("/v1/completions", COMPLETION), ("/v1/chat/completions", CHAT),
                                ("/tokenize", {"content": "x"})]:
                response = client.request("POST", route, json=body, headers=headers)
                assert response.status == 401
                assert response.error
            assert client.request("GET", "/v1/models", headers=headers).status == 401

    def test_with_the_key_it_serves(self, locked):
        with Client(locked.port) as client:
            headers = {"Authorization": "Bearer sk-right"}
            assert client.request("POST", "/v1/completions", json=COMPLETION, headers=headers).status == 200

    def test_health_is_nobodys_secret(self, locked):
        with Client(locked.port) as client:
            assert client.request("GET", "/health").status == 200
