"""The two clients: for calls that wait, and for an event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import httpx

from .generated import models
from .generated.async_operations import AsyncOperations
from .generated.operations import Operations
from .generation import AsyncGeneration, Generation
from .retries import Retries
from .sending import TIMEOUT_S


class Makegood(Operations):
    """The API, with a method for each operation; `generation` is three of them.

    `base_url` is the stack's output `ApiUrl`. `token` is an access token, or a function that returns one that is valid
    for a while: tokens expire, and it is called for each call.
    """

    def __init__(
        self,
        base_url: str,
        token: str | Callable[[], str],
        *,
        retries: Retries | None = None,
        timeout_s: float = TIMEOUT_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(base_url, token, timeout_s, transport)
        self._retries = retries or Retries()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def generation(
        self, account: str, generation_id: str, operation: str, credits: int, *, product: str | None = None
    ) -> Generation:
        """Holds credits for the `with` block, captures them after it, and releases them when it raises.

        Raises `ProblemError` where the API refuses, and `httpx.TransportError` where it does not answer. What the block
        raises comes through as it is.
        """
        return Generation(self, account, _request(generation_id, operation, credits, product), self._retries)


class AsyncMakegood(AsyncOperations):
    """The API in an event loop, of `asyncio` or of `trio`. The arguments are those of `Makegood`; `token` may be a
    coroutine function.
    """

    def __init__(
        self,
        base_url: str,
        token: str | Callable[[], str | Awaitable[str]],
        *,
        retries: Retries | None = None,
        timeout_s: float = TIMEOUT_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(base_url, token, timeout_s, transport)
        self._retries = retries or Retries()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def generation(
        self, account: str, generation_id: str, operation: str, credits: int, *, product: str | None = None
    ) -> AsyncGeneration:
        """As `Makegood.generation`, in an `async with` block; a cancelled block releases as well."""
        return AsyncGeneration(self, account, _request(generation_id, operation, credits, product), self._retries)


def _request(generation_id: str, operation: str, credits: int, product: str | None) -> models.HoldRequest:
    request: models.HoldRequest = {
        "generation_id": generation_id,
        "operation": operation,
        "credits": credits,
    }
    return request if product is None else {**request, "product": product}
