"""The messages of a generation service, as `infra/schemas/generation-event.v1.json` describes them."""

from datetime import UTC, datetime


def failed(account: str, generation: str, operation: str, kind: str = "provider_error") -> dict:
    """A generation failed; `kind` says how."""
    failure = {"kind": kind, "code": "model_overloaded"}
    return {**_envelope("generation.failed", account, generation, operation), "failure": failure}


def completed(account: str, generation: str, operation: str, answer: dict) -> dict:
    """A generation's provider claims success with `answer`; what is in it decides."""
    return {**_envelope("generation.completed", account, generation, operation), "answer": answer}


def downloaded(account: str, generation: str, operation: str) -> dict:
    """A result of a generation was downloaded."""
    return _envelope("generation.downloaded", account, generation, operation)


def _envelope(kind: str, account: str, generation: str, operation: str) -> dict:
    return {
        "version": 1,
        "type": kind,
        "account": account,
        "generation_id": generation,
        "operation": operation,
        "service": "song-generator",
        "occurred_at": instant(datetime.now(UTC).timestamp()),
    }


def instant(seconds: float) -> str:
    """Seconds since 1970 in the form of RFC 3339, to the second."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
