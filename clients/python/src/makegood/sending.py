"""One call: what is sent, with which token, and what its answer is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import isawaitable
from typing import TypeAlias

import httpx

from .problems import problem_of

Value: TypeAlias = str | int | bool | None
Values: TypeAlias = Mapping[str, Value | Sequence[Value]]
# The gateway answers within 30 seconds (API Gateway's limit for HTTP APIs).
TIMEOUT_S = 32.0


class Sender:
    """Sends calls and waits for their answers."""

    def __init__(
        self,
        base_url: str,
        token: str | Callable[[], str],
        timeout_s: float = TIMEOUT_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._token = token
        self._http = httpx.Client(base_url=base_url, timeout=timeout_s, transport=transport)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Values | None = None,
        headers: Values | None = None,
        body: object = None,
    ) -> object:
        token = self._token() if callable(self._token) else self._token
        response = self._http.send(_request(self._http, method, path, token, query, headers, body))
        return _answer(response)


class AsyncSender:
    """Sends calls in an event loop."""

    def __init__(
        self,
        base_url: str,
        token: str | Callable[[], str | Awaitable[str]],
        timeout_s: float = TIMEOUT_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._token = token
        self._http = httpx.AsyncClient(base_url=base_url, timeout=timeout_s, transport=transport)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Values | None = None,
        headers: Values | None = None,
        body: object = None,
    ) -> object:
        token = self._token() if callable(self._token) else self._token
        token = await token if isawaitable(token) else token
        response = await self._http.send(_request(self._http, method, path, token, query, headers, body))
        return _answer(response)


def _request(
    client: httpx.Client | httpx.AsyncClient,
    method: str,
    path: str,
    token: str,
    query: Values | None,
    headers: Values | None,
    body: object,
) -> httpx.Request:
    """The request, without what is `None`."""
    sent = {name: str(value) for name, value in (headers or {}).items() if value is not None}
    sent["authorization"] = f"Bearer {token}"
    return client.build_request(
        method,
        path,
        params={name: value for name, value in (query or {}).items() if value is not None},
        headers=sent,
        json=body,
    )


def _answer(response: httpx.Response) -> object:
    """The body of a call that succeeded; anything else is a `ProblemError`."""
    if not response.is_success:
        raise problem_of(response)
    body: object = response.json() if response.content else None
    return body
