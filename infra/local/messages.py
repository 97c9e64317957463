"""The messages of a generation service, as `infra/schemas/generation-event.v1.json` describes them.

`service` is the `sub` of the token that the generation's hold was placed with: `Stack.service` for the stack's own.
"""

from datetime import UTC, datetime


def failed(service: str, account: str, generation: str, operation: str, kind: str = "provider_error") -> dict:
    """A generation failed; `kind` says how."""
    failure = {"kind": kind, "code": "model_overloaded"}
    return {**_envelope("generation.failed", service, account, generation, operation), "failure": failure}


def completed(service: str, account: str, generation: str, operation: str, answer: dict) -> dict:
    """A generation's provider claims success with `answer`; what is in it decides."""
    return {**_envelope("generation.completed", service, account, generation, operation), "answer": answer}


def downloaded(service: str, account: str, generation: str, operation: str) -> dict:
    """A result of a generation was downloaded."""
    return _envelope("generation.downloaded", service, account, generation, operation)


def _envelope(kind: str, service: str, account: str, generation: str, operation: str) -> dict:
    return {
        "version": 1,
        "type": kind,
        "account": account,
        "generation_id": generation,
        "operation": operation,
        "service": service,
        "occurred_at": instant(datetime.now(UTC).timestamp()),
    }


def instant(seconds: float) -> str:
    """Seconds since 1970 in the form of RFC 3339, to the second."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
