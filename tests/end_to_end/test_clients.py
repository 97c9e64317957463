"""The clients of clients/ as they are packaged: a generation with each way in which it can end.

The Python client is tested twice, with calls that wait and in an event loop.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import faulty_proxy
import pytest
from client import Stack
from faulty_proxy import Fault, Proxy, refusal
from messages import instant
from places import CLIENT_PACKAGES, CLIENTS, LOCAL, ROOT
from scene import Scene, add_customer

TOOLS = LOCAL / "clients" / "bin"
# A start of Node or Python on a loaded machine, and the pauses that a client makes.
RUN_S_MAX = 60
# Building both packages takes some seconds of one core.
BUILD_S_MAX = 300
PAST_THE_DEADLINE_S = 51 * 60
CLIENT_NAMES = ("python", "python-asyncio", "typescript")
HOLD, CAPTURE, RELEASE = "/holds", "/capture", "/release"
LOST = None


@dataclass(frozen=True)
class Client:
    """One of the clients, and where its packages are installed."""

    name: str
    installed: Path

    def command(self, program: str) -> tuple[list[str], dict[str, str]]:
        """How a program of the client's folder, named without its ending, runs with the installed package."""
        if self.name == "typescript":
            # Node looks for packages from where the program lies. Its name says that it is a module.
            source = CLIENTS / "typescript" / f"{program}.ts"
            copy = shutil.copy2(source, self.installed / f"{source.stem}.mts")
            return [str(TOOLS / "node"), str(copy)], {}
        source = CLIENTS / "python" / f"{program}.py"
        return [str(TOOLS / "python"), str(source)], {"PYTHONPATH": str(self.installed)}


@dataclass(frozen=True)
class Generation:
    """What a client is asked for."""

    client: Client
    scene: Scene
    proxy: Proxy

    def start(self, work: str | int = "succeed", **asked: object) -> subprocess.Popen[str]:
        """Starts the generation of five credits."""
        about = {
            **{"base_url": self.proxy.url, "token": self.scene.stack.token("service"), "account": self.scene.account},
            **{"generation": "song", "credits": 5, "work": work, "pause_s_max": 30.0, "chance": 0.0},
            "asyncio": self.client.name == "python-asyncio",
            **asked,
        }
        command, environment = self.client.command("tests/one_generation")
        return started([*command, json.dumps(about)], environment)

    def run(self, work: str | int = "succeed", **asked: object) -> list[dict]:
        """What the generation says, from its hold to its settlement or its error."""
        return ended(self.start(work, **asked))


def started(command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    """A program that runs, and whose lines can be read."""
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env={**os.environ, **environment}, stdout=pipe, stderr=pipe, text=True)


def ended(process: subprocess.Popen[str]) -> list[dict]:
    """What a program says until it ends by itself."""
    output, errors = process.communicate(timeout=RUN_S_MAX)
    assert process.returncode == 0, output + errors
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture(scope="session")
def installed(tmp_path_factory) -> dict[str, Path]:
    """The packages, built and installed as an adopter does: by language, the folder."""
    python, typescript = tmp_path_factory.mktemp("python"), tmp_path_factory.mktemp("typescript")
    tool([TOOLS / "python", ROOT / "infra" / "local" / "clients.py", "package"])
    [wheel], [archive] = CLIENT_PACKAGES.glob("*.whl"), CLIENT_PACKAGES.glob("*.tgz")
    tool([TOOLS / "python", "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", python, wheel])
    with tarfile.open(archive) as files:
        files.extractall(typescript, filter="data")
    modules = typescript / "node_modules"
    for dependency in ("openapi-fetch", "openapi-typescript-helpers"):
        shutil.copytree(CLIENTS / "typescript" / "node_modules" / dependency, modules / dependency)
    (typescript / "package").rename(modules / "makegood")
    return {"python": python, "typescript": typescript}


def tool(command: list) -> None:
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True, timeout=BUILD_S_MAX)
    assert done.returncode == 0, done.stdout + done.stderr


def client_of(name: str, installed: dict[str, Path]) -> Client:
    return Client(name, installed[name.removesuffix("-asyncio")])


@pytest.fixture(params=CLIENT_NAMES)
def client(request, installed) -> Client:
    return client_of(request.param, installed)


@contextlib.contextmanager
def proxy_of(stack: Stack) -> Iterator[Proxy]:
    proxy, server = faulty_proxy.start(stack)
    yield proxy
    server.shutdown()
    server.server_close()


@pytest.fixture
def proxy(stack) -> Iterator[Proxy]:
    with proxy_of(stack) as proxy:
        yield proxy


@pytest.fixture
def scene(stack) -> Scene:
    scene = Scene(stack)
    scene.buy()
    return scene


@pytest.fixture
def generation(client, scene, proxy) -> Generation:
    return Generation(client, scene, proxy)


@pytest.fixture
def generations(stack, installed) -> Iterator[list[Generation]]:
    """One of each client, for what takes seconds: they wait side by side."""
    with contextlib.ExitStack() as proxies:
        found = []
        for name in CLIENT_NAMES:
            scene = Scene(stack)
            scene.buy()
            found.append(Generation(client_of(name, installed), scene, proxies.enter_context(proxy_of(stack))))
        yield found


def run_together(generations: list[Generation], faults: list[Fault], work: str, chance: float) -> list[list[dict]]:
    """What each generation says, with the same faults on its way."""
    for generation in generations:
        generation.proxy.faults += faults
    processes = [generation.start(work, chance=chance) for generation in generations]
    return [ended(process) for process in processes]


def kinds(scene: Scene) -> list[str]:
    return [change["kind"] for change in scene.changes()]


def test_what_succeeds_is_captured(generation, scene):
    held, done = generation.run()
    assert held == {"held": 5}
    assert done == {"settlement": {"generation_id": "song", "outcome": "captured"}}
    assert scene.balance() == (95, 0)


def test_fewer_credits_are_captured_and_the_rest_goes_back(generation, scene):
    [_, done] = generation.run(3)
    assert done["settlement"]["outcome"] == "captured"
    assert scene.balance() == (97, 0)


def test_more_credits_than_are_held_are_an_error_of_the_work(generation, scene):
    [_, done] = generation.run(6)
    assert done["error"]["is"] in ("ValueError", "RangeError")
    assert scene.balance() == (100, 0)


def test_what_fails_is_released_and_the_error_comes_through(generation, scene):
    [_, done] = generation.run("fail")
    assert (done["error"]["is"], done["error"]["notes"]) == ("WorkFailed", [])
    assert scene.balance() == (100, 0)
    assert kinds(scene) == ["granted", "held", "released"]


def test_an_interrupted_generation_is_released(generation, scene):
    process = generation.start("wait")
    assert json.loads(process.stdout.readline()) == {"held": 5}
    process.send_signal(signal.SIGINT)
    [done] = ended(process)
    expected = "WorkFailed" if generation.client.name == "typescript" else "KeyboardInterrupt"
    assert (done["error"]["is"], done["error"]["notes"]) == (expected, [])
    assert scene.balance() == (100, 0)


@pytest.mark.parametrize(
    ("work", "outcome", "available"), [("cancelled", "released", 100), ("cancelled-late", "captured", 95)]
)
def test_a_cancelled_scope_ends_the_work_and_not_what_settles_it(installed, scene, proxy, work, outcome, available):
    generation = Generation(Client("python-asyncio", installed["python"]), scene, proxy)
    [_, done] = generation.run(work)
    assert done["settlement"]["outcome"] == outcome
    assert scene.balance() == (available, 0)


def test_a_killed_process_has_its_credits_back_after_the_deadline(generation, scene, stack):
    process = generation.start("wait")
    assert json.loads(process.stdout.readline()) == {"held": 5}
    process.kill()
    process.communicate(timeout=RUN_S_MAX)
    assert scene.balance() == (95, 5)
    stack.sweep(instant(time.time() + PAST_THE_DEADLINE_S))
    assert scene.balance() == (100, 0)


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_each_call_is_repeated_after_the_pause_that_its_answer_asks_for(generations, chance):
    faults = [Fault(HOLD, refusal(503, retry_after=1)), Fault(CAPTURE, refusal(429, retry_after=2))]
    said = run_together(generations, faults, "succeed", chance)
    for generation, [_, done] in zip(generations, said, strict=True):
        assert done["settlement"]["outcome"] == "captured"
        assert generation.scene.balance() == (95, 0)
        for operation, pause_s in ((HOLD, 1), (CAPTURE, 2)):
            first, second = generation.proxy.times(operation)
            # A quarter more at most is chance's; the rest is the machine's.
            assert pause_s * (1 + chance / 4) <= second - first < pause_s * (1 + chance / 4) + 5


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_a_refusal_without_retry_after_is_repeated_after_longer_and_longer_pauses(generations, chance):
    body = b'{"message":"Too Many Requests"}'
    faults = [Fault(HOLD, refusal(429, body=body)), Fault(HOLD, refusal(503, body=body))]
    said = run_together(generations, faults, "succeed", chance)
    for generation, [_, done] in zip(generations, said, strict=True):
        assert done["settlement"]["outcome"] == "captured"
        first, second, third = generation.proxy.times(HOLD)
        # Half of a pause is chance's.
        assert 1 - chance / 2 <= second - first
        assert 2 * (1 - chance / 2) <= third - second


def test_a_release_is_repeated_too(generations):
    said = run_together(generations, [Fault(RELEASE, refusal(503, retry_after=1))], "fail", 0.0)
    for generation, [_, done] in zip(generations, said, strict=True):
        assert (done["error"]["is"], done["error"]["notes"]) == ("WorkFailed", [])
        assert len(generation.proxy.times(RELEASE)) == 2
        assert generation.scene.balance() == (100, 0)


def test_a_pause_that_is_too_long_is_not_waited_for(generation, scene, proxy):
    proxy.faults.append(Fault(HOLD, refusal(503, retry_after=31)))
    [done] = generation.run()
    assert (done["error"]["type"], done["error"]["status"]) == ("urn:makegood:problem:unavailable", 503)
    assert len(proxy.times(HOLD)) == 1
    assert scene.balance() == (100, 0)


def test_calls_end_though_every_answer_is_a_passing_one(generation, scene, proxy):
    proxy.faults += [Fault(HOLD, refusal(503, retry_after=0)) for _ in range(9)]
    [done] = generation.run()
    assert done["error"]["status"] == 503
    assert len(proxy.times(HOLD)) == 5
    assert scene.balance() == (100, 0)


def test_a_lost_answer_is_asked_for_again_and_has_one_effect(generation, scene, proxy):
    proxy.faults += [Fault(HOLD, LOST, forwarded=True), Fault(CAPTURE, LOST, forwarded=True)]
    [_, done] = generation.run(3)
    assert done["settlement"]["outcome"] == "repeated"
    assert scene.balance() == (97, 0)
    assert kinds(scene).count("held") == 1


def test_a_hold_that_nobody_knows_of_is_released(generation, scene, proxy):
    proxy.faults.append(Fault(HOLD, refusal(503, retry_after=31), forwarded=True))
    [done] = generation.run()
    assert (done["error"]["status"], done["error"]["notes"]) == (503, [])
    assert kinds(scene) == ["granted", "held", "released"]


def test_a_release_that_fails_does_not_hide_why_the_work_failed(generation, scene, proxy):
    proxy.faults.append(Fault(RELEASE, refusal(503, retry_after=31)))
    [_, done] = generation.run("fail")
    [note] = done["error"]["notes"]
    assert done["error"]["is"] == "WorkFailed"
    assert "song" in note and "urn:makegood:problem:unavailable" in note
    assert scene.balance() == (95, 5)


def test_too_few_credits_are_a_problem_and_nothing_is_made(generation, scene):
    [done] = generation.run(credits=101)
    error = done["error"]
    assert (error["is"], error["type"]) == ("ProblemError", "urn:makegood:problem:not-enough-credits")
    assert (error["problem"]["available"], error["problem"]["needed"]) == (100, 101)
    assert scene.balance() == (100, 0)


def test_a_wrong_field_is_named_with_what_is_expected(generation, proxy):
    [done] = generation.run(credits=0)
    error = done["error"]
    assert (error["type"], error["status"]) == ("urn:makegood:problem:invalid-request", 400)
    [wrong] = error["errors"]
    assert wrong["pointer"] == "#/credits" and wrong["detail"]
    assert [path for path, _ in proxy.calls if path.endswith(RELEASE)] == []


def test_a_conflict_does_not_touch_the_other_hold(generation, scene):
    scene.held(10, "song")
    [done] = generation.run()
    assert done["error"]["type"] == "urn:makegood:problem:hold-conflict"
    assert scene.balance() == (90, 10)


def test_a_wrong_token_is_a_problem_without_a_type_of_its_own(generation, scene, proxy):
    [done] = generation.run(token="no-token")
    assert (done["error"]["is"], done["error"]["status"]) == ("ProblemError", 401)
    assert done["error"]["type"] in ("about:blank", "urn:makegood:problem:unauthenticated")
    assert done["error"]["detail"]
    assert len(proxy.calls) == 1
    assert scene.balance() == (100, 0)


@pytest.mark.parametrize("language", ["python", "typescript"])
def test_generated_operations_take_and_answer_what_the_document_says(installed, stack, language):
    scene = add_customer(stack)
    scene.buy()
    scene.held(10)
    about = {"base_url": stack.state["api_url"], "token": stack.token(scene.owner), "account": scene.account}
    command, environment = Client(language, installed[language]).command("tests/customer_calls")
    [done] = ended(started([*command, json.dumps(about)], environment))
    assert (done["available"], done["entries"]) == (90, [2, 1])
    assert done["refused"] == "urn:makegood:problem:invalid-request"
    [request] = set(done["requests"])
    assert scene.request(request)["reason"] == "changed_mind"


@pytest.mark.parametrize("language", ["python", "typescript"])
def test_the_example_of_the_readme_runs(installed, stack, scene, language):
    command, environment = Client(language, installed[language]).command("examples/generate")
    about = {
        "MAKEGOOD_API": stack.state["api_url"],
        "MAKEGOOD_TOKEN": stack.token("service"),
        "MAKEGOOD_ACCOUNT": scene.account,
    }
    process = started(command, {**environment, **about})
    output, errors = process.communicate(timeout=RUN_S_MAX)
    assert (process.returncode, errors) == (0, "")
    assert "5 credits are held until" in output
    assert scene.balance() == (97, 0)
    example = Path(command[1]).read_text()
    assert f"\n{example}```\n" in (CLIENTS / language / "README.md").read_text()
