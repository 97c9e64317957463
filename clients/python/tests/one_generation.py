"""Makes one generation as its JSON argument says, and prints what happened, one JSON object a line.

    {"base_url", "token", "account", "generation", "credits", "work", "asyncio", "pause_s_max", "chance"}

`work` is `succeed`, `fail`, `wait` (until a signal ends it) or a number of credits to use. With asyncio it may also be
`cancelled`, while it waits, and `cancelled-late`, as its last step.
"""

import asyncio
import json
import sys
import time
from typing import Any

import anyio
from makegood import AsyncGeneration, AsyncMakegood, Generation, Makegood, ProblemError, Retries


class WorkFailed(Exception):
    """The work's own error."""


def say(**members: object) -> None:
    print(json.dumps(members), flush=True)


def work(generation: Generation | AsyncGeneration, what: str | int) -> None:
    say(held=generation.hold["credits"])
    if what == "fail":
        raise WorkFailed("the model is on fire")
    if isinstance(what, int):
        generation.use(what)


def waiting(asked: dict[str, Any], retries: Retries) -> dict[str, Any]:
    with Makegood(asked["base_url"], asked["token"], retries=retries) as client:
        with client.generation(asked["account"], asked["generation"], "music_simple", asked["credits"]) as generation:
            work(generation, asked["work"])
            while asked["work"] == "wait":
                time.sleep(1)
        return {"settlement": generation.settlement}


async def in_a_loop(asked: dict[str, Any], retries: Retries) -> dict[str, Any]:
    async def token() -> str:
        return str(asked["token"])

    async with AsyncMakegood(asked["base_url"], token, retries=retries) as client:
        with anyio.CancelScope() as scope:
            async with client.generation(
                asked["account"], asked["generation"], "music_simple", asked["credits"]
            ) as generation:
                work(generation, asked["work"])
                if asked["work"] in ("cancelled", "cancelled-late"):
                    scope.cancel()
                if asked["work"] in ("wait", "cancelled"):
                    await anyio.sleep_forever()
        return {"settlement": generation.settlement}


def main() -> None:
    asked = json.loads(sys.argv[1])
    retries = Retries(pause_s_max=asked["pause_s_max"], chance=lambda: float(asked["chance"]))
    try:
        done = asyncio.run(in_a_loop(asked, retries)) if asked["asyncio"] else waiting(asked, retries)
    except BaseException as error:
        problem = error.problem if isinstance(error, ProblemError) else None
        notes = getattr(error, "__notes__", [])
        shown: dict[str, object] = {"is": type(error).__name__, "notes": notes, "problem": problem}
        if isinstance(error, ProblemError):
            errors = [dict(each) for each in error.errors]
            shown |= {"type": error.type, "status": error.status, "detail": error.detail, "errors": errors}
        say(error=shown)
    else:
        say(**done)


main()
