"""When a call that may be repeated is sent again, and after how long."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from .problems import ProblemError

# Too many calls, and something behind the API that does not answer.
PASSING = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


@dataclass(frozen=True)
class Retries:
    """How often a call is sent, and how long each pause may be.

    An answer of 429 or 503 is repeated after its `Retry-After` and a random part more, and without one after a second,
    then twice as long each time, each time a random part less. A call without an answer is repeated alike. Where
    `Retry-After` asks for more than `pause_s_max`, the answer is final.
    """

    calls_max: int = 5
    pause_s_max: float = 30.0
    # From 0 to 1: how much of the random part of a pause is taken.
    chance: Callable[[], float] = random.random

    def pause_s(self, calls: int, error: Exception) -> float | None:
        """Seconds until the next call, after `calls` of which the last one failed; `None`: it is final."""
        if calls >= self.calls_max or not may_pass(error):
            return None
        asked = error.retry_after_s if isinstance(error, ProblemError) else None
        if asked is None:
            return min(2.0 ** (calls - 1), self.pause_s_max) * (1 - self.chance() / 2)
        return None if asked > self.pause_s_max else asked + self.chance() * max(asked / 4, 0.1)


def may_pass(error: Exception) -> bool:
    """Whether the same call may succeed later, because of when it came and not of what it asks for."""
    if isinstance(error, ProblemError):
        return error.status in PASSING
    return isinstance(error, httpx.TransportError)


def may_have_happened(error: BaseException) -> bool:
    """Whether the API may have done what a failed call asked for: it failed, or nobody waited for its answer."""
    if isinstance(error, ProblemError):
        return error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(error, httpx.TransportError) or not isinstance(error, Exception)


ONCE = Retries(calls_max=1)
