"""What the API refuses, as an error with the members of its problem document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import cast

import httpx

from .generated import models

# What a problem is when its document does not say (RFC 9457, 4.2.1): answers of the gateway and of proxies.
NO_TYPE = "about:blank"


class ProblemError(Exception):
    """A refusal or an error that the API answered. `problem` is its document as it came (RFC 9457).

    `type` is one of the `urn:makegood:problem:…` of the API's document, or `about:blank` where the gateway or a proxy
    answered. `retry_after_s` is the answer's `Retry-After`, in seconds.
    """

    def __init__(self, problem: models.Problem, retry_after_s: float | None = None) -> None:
        super().__init__(problem, retry_after_s)
        self.problem = problem
        self.retry_after_s = retry_after_s

    @property
    def type(self) -> str:
        return self.problem["type"]

    @property
    def status(self) -> int:
        return self.problem["status"]

    @property
    def title(self) -> str:
        return self.problem["title"]

    @property
    def detail(self) -> str | None:
        return self.problem.get("detail")

    @property
    def errors(self) -> Sequence[models.FieldError]:
        """The fields that are wrong: `pointer` (`#/credits`) and `detail`, what is expected."""
        return self.problem.get("errors", [])

    def __str__(self) -> str:
        fields = [f"{error['pointer']}: {error['detail']}" for error in self.errors]
        return "; ".join([f"{self.status} {self.type}: {self.detail or self.title}", *fields])


def problem_of(response: httpx.Response) -> ProblemError:
    """The error that a refused call is; whatever the body is, it has all members that the document requires."""
    try:
        body = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        body = None
    found = body if isinstance(body, dict) else {}
    detail = found.get("detail", found.get("message"))
    problem = {
        **found,
        "type": found.get("type", NO_TYPE),
        "title": found.get("title", response.reason_phrase or "Unknown"),
        "status": response.status_code,
        **({"detail": detail} if isinstance(detail, str) else {}),
    }
    return ProblemError(cast(models.Problem, problem), _retry_after_s(response))


def _retry_after_s(response: httpx.Response) -> float | None:
    """The API says seconds; a date, which a proxy may send, is not read."""
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdecimal() else None
