"""One stack for the whole run: the one that `MAKEGOOD_STACK` names, or one of its own, stopped at the end.

A stack that cannot start fails every test: nothing is skipped.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "infra" / "local"))

import permissions  # noqa: E402
import stack as local_stack  # noqa: E402
from client import DEAD_LETTERS, Stack  # noqa: E402
from contract import Contract  # noqa: E402
from places import work_folder  # noqa: E402


@pytest.fixture(scope="session")
def contract():
    """The OpenAPI document, which sees every answer."""
    return Contract()


@pytest.fixture(scope="session")
def stack(request, contract):
    """A running stack; its logs are kept when a test has failed."""
    if name := os.environ.get("MAKEGOOD_STACK"):
        yield witnessed(Stack.load(name), contract)
        return
    name = f"test-{os.getpid()}"
    try:
        yield witnessed(local_stack.up(name, quiet=True), contract)
    finally:
        local_stack.down(name)
        if not request.session.testsfailed:
            shutil.rmtree(work_folder(name), ignore_errors=True)


def witnessed(stack: Stack, contract: Contract) -> Stack:
    """The stack, with every answer compared with the OpenAPI document."""
    stack.witness = contract.check
    return stack


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left_over(request, stack, contract):
    """After all tests: no message in any queue, the invariants hold, no role grants more than was used, and every
    documented operation has succeeded.
    """
    yield
    stack.wait_until_idle()
    depths = stack.queue_depths()
    assert {queue: depths[queue] for queue in DEAD_LETTERS} == dict.fromkeys(DEAD_LETTERS, 0)
    verified = stack.makegood("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    for function in permissions.FUNCTIONS:
        denied = [line for line in stack.logs(function) if "AccessDenied" in line]
        assert denied == [], f"{function} needs what its role does not grant"
    if is_whole_run(request) and not request.session.testsfailed:
        unused = permissions.unused(stack)
        assert unused == {}, f"granted and never used: {unused}"
        assert contract.never_succeeded() == [], "documented operations that no test has seen succeed"


def is_whole_run(request) -> bool:
    """Whether every end-to-end test was asked for: some of them need less than what the roles grant."""
    options = request.config.option
    narrowed = options.keyword or options.markexpr or options.deselect
    return not narrowed and [Path(argument).resolve() for argument in request.config.args] == [HERE]
