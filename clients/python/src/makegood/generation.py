"""A generation: its credits are held before the work, captured after it, and released when it fails.

Each of the three calls has one effect however often it is sent, so that all are repeated as `Retries` says. What could
not be settled because the API did not answer, or because the process ended, is given back at the hold's deadline.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeVar

import anyio

from .generated import models
from .generated.async_operations import AsyncOperations
from .generated.operations import Operations
from .problems import ProblemError
from .retries import ONCE, Retries, may_have_happened

T = TypeVar("T")
FAILED: models.ReleaseRequest = {"reason": "failed"}
# A cancelled task ends after its release; this is how long that may delay it.
RELEASE_S_MAX = 60.0


class _Held:
    """What a generation is about, and how its hold ended."""

    def __init__(self, account: str, request: models.HoldRequest) -> None:
        self.account = account
        self.request = request
        self.settlement: models.Settlement | None = None
        self._hold: models.Hold | None = None
        self._used: int | None = None

    @property
    def generation_id(self) -> str:
        return self.request["generation_id"]

    @property
    def hold(self) -> models.Hold:
        """The hold. After its `deadline` the credits go back, even if the work goes on."""
        if self._hold is None:
            raise RuntimeError("expected to be within the `with` block, where the credits are held")
        return self._hold

    def use(self, credits: int) -> None:
        """Captures fewer credits than are held, at least 1; the rest goes back."""
        if not 1 <= credits <= self.hold["credits"]:
            raise ValueError(f"expected 1 to {self.hold['credits']} credits, got {credits}")
        self._used = credits

    def _captured(self) -> models.CaptureRequest:
        return {} if self._used is None else {"credits": self._used}

    def _note(self, error: BaseException, failure: Exception) -> None:
        """Says beside the error that is raised why the hold may still be open; it is not if there is none."""
        if not (isinstance(failure, ProblemError) and failure.status == HTTPStatus.NOT_FOUND):
            error.add_note(f"a hold of {self.generation_id} may be open until its deadline: {failure!r}")


class Generation(_Held):
    """A generation in a `with` block."""

    def __init__(self, client: Operations, account: str, request: models.HoldRequest, retries: Retries) -> None:
        super().__init__(account, request)
        self._client = client
        self._retries = retries

    def __enter__(self) -> Self:
        try:
            self._hold = _repeated(self._retries, lambda: self._client.hold_credits(self.account, self.request))
        except BaseException as error:
            if may_have_happened(error):
                self._release(error, ONCE)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._release(error, self._retries)
            return
        self.settlement = _repeated(
            self._retries, lambda: self._client.capture_hold(self.account, self.generation_id, self._captured())
        )

    def _release(self, error: BaseException, retries: Retries) -> None:
        try:
            self.settlement = _repeated(
                retries, lambda: self._client.release_hold(self.account, self.generation_id, FAILED)
            )
        except Exception as failure:
            self._note(error, failure)


class AsyncGeneration(_Held):
    """A generation in an `async with` block. A cancelled task releases its hold before it ends."""

    def __init__(
        self, client: AsyncOperations, account: str, request: models.HoldRequest, retries: Retries
    ) -> None:
        super().__init__(account, request)
        self._client = client
        self._retries = retries

    async def __aenter__(self) -> Self:
        try:
            self._hold = await _repeated_async(
                self._retries, lambda: self._client.hold_credits(self.account, self.request)
            )
        except BaseException as error:
            if may_have_happened(error):
                await self._release(error, ONCE)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            await self._release(error, self._retries)
            return
        # The work is done: a cancellation that comes so late does not leave it uncharged.
        with anyio.CancelScope(shield=True):
            self.settlement = await _repeated_async(
                self._retries,
                lambda: self._client.capture_hold(self.account, self.generation_id, self._captured()),
            )

    async def _release(self, error: BaseException, retries: Retries) -> None:
        try:
            # Within a cancelled scope every other wait would be cancelled again.
            with anyio.fail_after(RELEASE_S_MAX, shield=True):
                self.settlement = await _repeated_async(
                    retries, lambda: self._client.release_hold(self.account, self.generation_id, FAILED)
                )
        except Exception as failure:
            self._note(error, failure)


def _repeated(retries: Retries, call: Callable[[], T]) -> T:
    calls = 0
    while True:
        try:
            return call()
        except Exception as error:
            calls += 1
            pause_s = retries.pause_s(calls, error)
            if pause_s is None:
                raise
        time.sleep(pause_s)


async def _repeated_async(retries: Retries, call: Callable[[], Awaitable[T]]) -> T:
    calls = 0
    while True:
        try:
            return await call()
        except Exception as error:
            calls += 1
            pause_s = retries.pause_s(calls, error)
            if pause_s is None:
                raise
        await anyio.sleep(pause_s)
