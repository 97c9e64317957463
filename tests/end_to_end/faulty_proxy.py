"""A proxy before the deployed API that loses answers, and answers by itself, as a test orders."""

import http.server
import json
import threading
import time
from dataclasses import dataclass, field

from client import Answer, Stack

FORWARDED = ("authorization", "content-type")
# What the client may see of an answer.
RETURNED = ("content-type", "retry-after")


@dataclass(frozen=True)
class Fault:
    """What happens to the next call of an operation in place of its answer."""

    # How the call's path ends.
    operation: str
    # The answer; `None` closes the connection without one.
    answer: Answer | None = None
    # Whether the API gets the call all the same.
    forwarded: bool = False


@dataclass
class Proxy:
    """Where the proxy listens, which faults are still to come, and which calls came when."""

    url: str
    faults: list[Fault] = field(default_factory=list)
    calls: list[tuple[str, float]] = field(default_factory=list)

    def times(self, operation: str) -> list[float]:
        """When the calls of an operation came, in seconds of the monotonic clock."""
        return [at for path, at in self.calls if path.endswith(operation)]

    def take(self, path: str) -> Fault | None:
        """The next fault of an operation, which happens once."""
        fault = next((fault for fault in self.faults if path.endswith(fault.operation)), None)
        if fault:
            self.faults.remove(fault)
        return fault


def refusal(status: int, retry_after: int | None = None, body: bytes | None = None) -> Answer:
    """A 503 or 429 as a function answers it, or with another body."""
    names = {429: "too-many-requests", 503: "unavailable"}
    problem = {"type": f"urn:makegood:problem:{names.get(status)}", "title": "Later", "status": status}
    headers = {"content-type": "application/problem+json" if body is None else "application/json"}
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    return Answer(status, headers, json.dumps(problem).encode() if body is None else body)


def start(stack: Stack) -> tuple[Proxy, http.server.ThreadingHTTPServer]:
    """A proxy on a port of its own; the caller shuts the server down."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            proxy.calls.append((self.path, time.monotonic()))
            fault = proxy.take(self.path)
            answer = None
            if fault is None or fault.forwarded:
                headers = {name: self.headers[name] for name in FORWARDED if name in self.headers}
                answer = stack.call("POST", self.path, body, headers=headers)
            answer = answer if fault is None else fault.answer
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name in (name for name in RETURNED if name in answer.headers):
                self.send_header(name, answer.headers[name])
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Nothing is written to the terminal."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy = Proxy(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return proxy, server
