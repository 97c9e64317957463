"""One stack for the whole run: the one that `MAKEGOOD_STACK` names, or one of its own, stopped at the end.

A stack that cannot start fails every test: nothing is skipped.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "infra" / "local"))

import stack as local_stack  # noqa: E402
from client import DEAD_LETTERS, Stack  # noqa: E402


@pytest.fixture(scope="session")
def stack():
    """A running stack."""
    if name := os.environ.get("MAKEGOOD_STACK"):
        yield Stack.load(name)
        return
    name = f"test-{os.getpid()}"
    try:
        yield local_stack.up(name, quiet=True)
    finally:
        local_stack.down(name)


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left_over(stack):
    """After all tests: every queue and every dead-letter queue is empty."""
    yield
    stack.wait_until_idle()
    depths = stack.queue_depths()
    assert {queue: depths[queue] for queue in DEAD_LETTERS} == dict.fromkeys(DEAD_LETTERS, 0)
