"""From the bytes of an answer, and when they came, to when each token came."""

import json
from dataclasses import dataclass, field


@dataclass
class Answer:
    """What one exchange came to; times are seconds from the scheduled moment."""

    kind: str
    scheduled: float
    # How late the client was.
    lateness: float
    status: int | None = None
    # Arrival of each event that brought text.
    token_times: list = field(default_factory=list)
    token_count: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    error: str | None = None
    has_left: bool = False

    @property
    def succeeded(self):
        return self.error is None and self.status == 200 and bool(self.token_times)

    @property
    def time_to_first(self):
        return self.token_times[0]

    @property
    def end_to_end(self):
        return self.token_times[-1]

    @property
    def gaps(self):
        """Seconds between one piece of text and the next."""
        return [later - earlier for earlier, later in zip(self.token_times, self.token_times[1:])]


def server_sent_events(pieces):
    """`(arrival, data)` of each event in the pieces of an HTTP response, and the status first as `(None, status)`."""
    buffer, head_done, chunked = b"", False, False
    events, body = [], b""
    for arrival, piece in pieces:
        buffer += piece
        if not head_done:
            head, separator, rest = buffer.partition(b"\r\n\r\n")
            if not separator:
                continue
            head_done, buffer = True, rest
            events.append((None, int(head.split(b" ", 2)[1])))
            chunked = b"transfer-encoding: chunked" in head.lower()
        if chunked:
            whole, buffer = dechunk(buffer)
            body += whole
        else:
            body, buffer = body + buffer, b""
        *complete, body = body.split(b"\n\n")
        events += [(arrival, event.removeprefix(b"data:").strip()) for event in complete]
    return events


def dechunk(buffer):
    """The data of the whole chunks at the buffer's start, and the rest."""
    data = []
    while b"\r\n" in buffer:
        size_line, rest = buffer.split(b"\r\n", 1)
        size = int(size_line.split(b";")[0] or b"0", 16)
        if len(rest) < size + 2:
            break
        data.append(rest[:size])
        buffer = rest[size + 2:]
    return b"".join(data), buffer


def read(exchange):
    """The answer to an exchange."""
    answer = Answer(exchange.request.kind, exchange.scheduled, exchange.started - exchange.scheduled,
                    error=exchange.error, has_left=exchange.has_left)
    for arrival, data in server_sent_events(exchange.pieces):
        if arrival is None:
            answer.status = data
            continue
        if answer.status != 200 or not data.startswith(b"{"):
            continue
        event = json.loads(data)
        if usage := event.get("usage"):
            answer.token_count = usage["completion_tokens"]
            answer.prompt_tokens = usage["prompt_tokens"]
            answer.cached_tokens = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        if "error" in event:
            answer.error = "error in the stream"
        choices = event.get("choices") or []
        if choices and (choices[0].get("delta") or {}).get("content"):
            answer.token_times.append(arrival - exchange.scheduled)
    if answer.status not in (None, 200):
        answer.error = f"status {answer.status}"
    return answer
