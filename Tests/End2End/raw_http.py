"""HTTP/1.1 by hand: what a careful library would not let a test send, and answers exactly as they came."""

import json as json_module
import socket
from dataclasses import dataclass


@dataclass
class Response:
    status: int
    reason: str
    # Names in lower case; the last of equal ones counts.
    headers: dict
    body: bytes

    @property
    def json(self):
        return json_module.loads(self.body)

    @property
    def error(self):
        """The error object, checked to have OpenAI's form."""
        error = self.json["error"]
        assert {"message", "type", "param", "code"} <= set(error), error
        assert isinstance(error["message"], str) and error["message"]
        return error


class Client:
    """One connection. `send` and `receive` may be used apart, for bytes that are no request."""

    def __init__(self, port, timeout=300):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_request(self, method, path, json=None, body=None, headers=None):
        if json is not None:
            body = json_module.dumps(json).encode()
        fields = {"Host": "127.0.0.1", **(headers or {})}
        if body is not None:
            fields.setdefault("Content-Length", str(len(body)))
            fields.setdefault("Content-Type", "application/json")
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.send(head.encode() + b"\r\n" + (body or b""))

    def request(self, method, path, json=None, body=None, headers=None):
        self.send_request(method, path, json=json, body=body, headers=headers)
        return self.receive(method)

    def receive(self, method="GET"):
        """One whole response; an interim one (100) is returned as such."""
        status, reason, headers = self.receive_head()
        if method == "HEAD" or status < 200 or status in (204, 304):
            body = b""
        elif "chunked" in headers.get("transfer-encoding", ""):
            body = b"".join(self.chunks())
        elif "content-length" in headers:
            body = self._take(int(headers["content-length"]))
        else:
            body = self._rest()
        return Response(status, reason, headers, body)

    def receive_head(self):
        status_line = self._line()
        version, status, *reason = status_line.decode("latin-1").split(" ", 2)
        assert version == "HTTP/1.1", status_line
        headers = {}
        while line := self._line():
            name, value = line.decode("latin-1").split(":", 1)
            headers[name.strip().lower()] = value.strip()
        return int(status), "".join(reason), headers

    def chunks(self):
        """The chunks of a chunked body, each as soon as it is there."""
        while size := int(self._line().split(b";")[0], 16):
            yield self._take(size)
            assert self._line() == b""
        while self._line():
            pass

    def events(self):
        """The data of server-sent events, `[DONE]` excluded, after a request with `stream`."""
        buffer = b""
        chunks = self.chunks()
        for chunk in chunks:
            buffer += chunk
            while b"\n\n" in buffer:
                event, buffer = buffer.split(b"\n\n", 1)
                data = event.removeprefix(b"data:").strip()
                if data == b"[DONE]":
                    assert b"".join(chunks) == b"", "something follows [DONE]"
                    return
                yield json_module.loads(data)
        raise AssertionError("the stream ended without [DONE]")

    def is_closed(self):
        """Whether the server has closed its side; reads away what it still sent."""
        try:
            while self.socket.recv(65_536):
                pass
            return True
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def _fill(self):
        piece = self.socket.recv(65_536)
        if not piece:
            raise ConnectionError("the server closed the connection")
        self._buffer += piece

    def _line(self):
        while b"\r\n" not in self._buffer:
            self._fill()
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line

    def _take(self, count):
        while len(self._buffer) < count:
            self._fill()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def _rest(self):
        try:
            while True:
                self._fill()
        except ConnectionError:
            data, self._buffer = self._buffer, b""
            return data
