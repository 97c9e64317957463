#!/usr/bin/env python3
"""Starts and stops Makegood on this machine: the real template and binaries in an AWS emulator, on loopback only.

examples:
  stack.py up                    build, start and deploy; print URLs, tokens and commands to paste
  stack.py status                what runs, and the same print-out again with fresh tokens
  stack.py down                  stop everything
  stack.py up --name second      another stack beside the first: every stack has ports of its own
  stack.py down --all            stop every stack
"""

import argparse
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time

import builds
import emulator
import identities
import processes
from client import SCHEDULES, Stack, schedule_names
from places import CATALOGUE, CREEM_STAND_IN, POLICIES, ROOT, STAND_IN, STACKS, binary, state_file, work_folder
from summary import print_summary

STACK = "makegood"
BUCKET = "makegood-artifacts"
# The stand-in is a small local process: it listens at once or never.
STAND_IN_START_S = 10.0


class Progress:
    """Numbered steps with the seconds since the start, on standard error."""

    def __init__(self, steps: int) -> None:
        self.started = time.monotonic()
        self.steps = steps
        self.step = 0

    def __call__(self, text: str) -> None:
        self.step += 1
        passed = time.monotonic() - self.started
        print(f"[{self.step}/{self.steps}] {passed:5.1f} s  {text}", file=sys.stderr, flush=True)


def up(name: str, quiet: bool, scheduled: bool = False) -> Stack:
    """Builds, starts and deploys a stack; leaves nothing running when a step fails.

    Only where it is `scheduled` does the sweep run by itself.
    """
    if state_file(name).exists():
        state = json.loads(state_file(name).read_text())
        if any(processes.alive(record) for record in state["processes"].values()):
            raise SystemExit(f"stack `{name}` is up already; `stack.py down --name {name}` stops it")
    work = work_folder(name)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    state: dict = {"name": name, "work": str(work), "region": emulator.REGION, "processes": {}}
    progress = Progress(steps=7)
    try:
        progress("building the binaries (minutes the first time, seconds afterwards)")
        builds.build_binaries(quiet)
        progress("packaging them with the template")
        builds.sam_build(work / "build")
        progress("starting the AWS emulator")
        aws_port, stripe_port, creem_port = free_ports(3)
        state["aws_url"] = f"http://127.0.0.1:{aws_port}"
        state["processes"]["emulator"] = emulator.start(aws_port, work)
        write_state(name, state)
        progress("making customers, a support person, a generation service and its AWS user")
        state["pool"] = identities.create_pool(state["aws_url"])
        state["sender"] = identities.create_sender(state["aws_url"], "generation-service")
        state["stranger"] = identities.create_sender(state["aws_url"], "stranger")
        state["stripe"] = {
            "url": f"http://127.0.0.1:{stripe_port}",
            "key": f"rk_test_{secrets.token_hex(12)}",
            "signing_secret": f"whsec_{secrets.token_hex(16)}",
        }
        state["creem"] = {
            "url": f"http://127.0.0.1:{creem_port}",
            "key": f"creem_test_{secrets.token_hex(12)}",
            "signing_secret": f"whsec_{secrets.token_hex(16)}",
        }
        progress("deploying the template")
        deploy(state)
        progress("publishing the policies and prices of the examples")
        publish(state)
        progress("starting the stand-ins of Stripe and Creem")
        start_stand_in(state, "stripe", STAND_IN, stripe_port)
        start_stand_in(state, "creem", CREEM_STAND_IN, creem_port)
        write_state(name, state)
        if scheduled:
            start_ticks(state)
            write_state(name, state)
    except BaseException:
        stop_all(state)
        state_file(name).unlink(missing_ok=True)
        raise
    return Stack(state)


def deploy(state: dict) -> None:
    """`sam deploy` into the emulator, then the secrets that the template leaves empty."""
    aws_url, pool = state["aws_url"], state["pool"]
    emulator.aws("s3", aws_url).create_bucket(Bucket=BUCKET)
    parameters = {
        "Architecture": builds.ARCHITECTURE,
        "TokenIssuer": pool["issuer"],
        "CustomerAudience": pool["customer_audience"],
        "ServiceAudience": pool["service_audience"],
        "GenerationSenders": state["sender"]["arn"],
        "StripeApiBase": state["stripe"]["url"],
        "StripeLivemode": "false",
        "CreemApiBase": state["creem"]["url"],
        "DeletionProtection": "false",
        "LogRetentionDays": "1",
        # The demo's 60th day is a sweep of a day to come.
        "SimulatedTime": "true",
        "ReserveConcurrency": "false",
    }
    # Beside another template SAM would look for another samconfig.toml.
    command = [str(builds.SAM), "deploy", "--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local"]
    command += ["--template-file", f"{state['work']}/build/template.yaml"]
    command += ["--parameter-overrides", *(f"{key}={value}" for key, value in parameters.items())]
    # Only the emulator's keys and address: a developer's own AWS settings must not be found.
    env = {
        **builds.build_environment(),
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ACCESS_KEY_ID": emulator.ROOT_KEY[0],
        "AWS_SECRET_ACCESS_KEY": emulator.ROOT_KEY[1],
        "AWS_REGION": emulator.REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Seconds between two looks at the deployment; five by default.
        "SAM_CLI_POLL_DELAY": "0.2",
    }
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"):
        env.pop(name, None)
    done = subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True)
    log = f"{state['work']}/deploy.log"
    with open(log, "w", encoding="utf-8") as file:
        file.write(done.stdout + done.stderr)
    if done.returncode != 0:
        raise SystemExit(f"{done.stdout[-3000:]}{done.stderr[-3000:]}\n`sam deploy` failed; see {log}")

    described = emulator.aws("cloudformation", aws_url).describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    state["outputs"] = outputs
    stop_schedules(state)
    # The emulator's path form of the address: not every resolver knows names under `localhost`.
    state["api_url"] = f"{aws_url}/_aws/execute-api/{outputs['ApiId']}/$default"
    store = emulator.aws("secretsmanager", aws_url)
    keys = {
        "stripe": ("StripeKeySecretId", "StripeReadKeySecretId", "StripeDisputeKeySecretId", "StripePreviewKeySecretId"),
        "creem": ("CreemKeySecretId", "CreemReadKeySecretId"),
    }
    for provider, secret_ids in keys.items():
        signing = {"current": state[provider]["signing_secret"], "previous": ""}
        secret_id = outputs[f"{provider.title()}WebhookSecretId"]
        store.put_secret_value(SecretId=secret_id, SecretString=json.dumps(signing))
        for secret_id in secret_ids:
            key = json.dumps({"key": state[provider]["key"]})
            store.put_secret_value(SecretId=outputs[secret_id], SecretString=key)


def publish(state: dict) -> None:
    """Publishes the examples as an operator does: without policies no function decides anything."""
    stack = Stack(state)
    policies = (str(file) for file in sorted(POLICIES.glob("*/*.toml")))
    for command in (("policy", "publish", *policies), ("catalogue", "publish", str(CATALOGUE))):
        done = stack.makegood(*command, "--yes")
        if done.returncode != 0:
            raise SystemExit(f"{done.stdout}{done.stderr}\n`makegood {' '.join(command[:2])}` failed")


def start_stand_in(state: dict, provider: str, stand_in: str, port: int) -> None:
    """Starts a provider's stand-in, which sends its webhooks to the deployed API."""
    work = work_folder(state["name"])
    log = work / f"{stand_in}.log"
    # A copy: the next build could not replace a file that runs.
    program = shutil.copy2(binary(stand_in), work / stand_in)
    command = [str(program), "--port", str(port)]
    command += ["--webhook-url", f"{state['api_url']}/v1/webhooks/{provider}"]
    command += ["--signing-secret", state[provider]["signing_secret"], "--api-key", state[provider]["key"]]
    process, record = processes.start(command, {"PATH": "/usr/bin:/bin", "TMPDIR": str(work)}, log, work)
    state["processes"][provider] = record
    deadline = time.monotonic() + STAND_IN_START_S
    while time.monotonic() < deadline and process.poll() is None:
        # The line that names its address says that it listens.
        if any(b'"base_url"' in line for line in log.read_bytes().split(b"\n")[:-1]):
            return
        time.sleep(0.02)
    raise SystemExit(f"`{stand_in}` did not start; see {log}")


def stop_schedules(state: dict) -> None:
    """Stops the emulator's own schedules: the sweep's ticks do not say the time, and no test must be run into by a
    reconciliation. `client.Stack.tick` sends real ones.
    """
    scheduler = emulator.aws("scheduler", state["aws_url"])
    for schedule_name in (name for output in SCHEDULES for name in schedule_names(state, output)):
        schedule = scheduler.get_schedule(Name=schedule_name)
        kept = ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
        scheduler.update_schedule(**{name: schedule[name] for name in kept}, State="DISABLED")


def start_ticks(state: dict) -> None:
    """Starts the process that stands in for the schedules."""
    work = work_folder(state["name"])
    command = [sys.executable, str(ROOT / "infra" / "local" / "ticks.py"), state["name"]]
    env = {"PATH": "/usr/bin:/bin", "TMPDIR": str(work), "AWS_EC2_METADATA_DISABLED": "true"}
    _, state["processes"]["ticks"] = processes.start(command, env, work / "ticks.log", work)


def down(name: str) -> None:
    """Stops a stack; of its files only the logs stay, until it is started again."""
    file = state_file(name)
    if not file.exists():
        print(f"stack `{name}` is not up", file=sys.stderr)
        return
    stopped = stop_all(json.loads(file.read_text()))
    for entry in work_folder(name).iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.suffix != ".log":
            entry.unlink()
    file.unlink()
    print(f"stack `{name}` is down ({stopped} processes stopped)", file=sys.stderr)


def status(name: str) -> None:
    """Prints what runs and how to use it; fails when something that should run does not."""
    if not state_file(name).exists():
        raise SystemExit(f"stack `{name}` is not up")
    stack = Stack.load(name)
    dead = [which for which, record in stack.state["processes"].items() if not processes.alive(record)]
    if dead:
        raise SystemExit(f"stack `{name}`: {', '.join(dead)} ended; see the logs in {stack.state['work']}")
    print_summary(stack)


def stop_all(state: dict) -> int:
    """Ends every process of a stack and says how many there were."""
    return sum(processes.stop(record) for record in state["processes"].values())


def free_ports(count: int) -> list[int]:
    """Ports that are free on loopback; all are held while the next is looked for, so that they differ."""
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports


def write_state(name: str, state: dict) -> None:
    """Keeps what is needed to use and to stop the stack; it holds keys, so nobody else may read it."""
    STACKS.mkdir(parents=True, exist_ok=True)
    file = state_file(name)
    part = file.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_text(json.dumps(state, indent=2) + "\n")
    part.replace(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("up", "down", "status"))
    parser.add_argument("--name", default="default", help="which stack (default: default)")
    parser.add_argument("--all", action="store_true", help="down: every stack, also those of tests that were killed")
    parser.add_argument("--quiet", action="store_true", help="show the output of the build only if it fails")
    arguments = parser.parse_args()
    if not arguments.name.replace("-", "").isalnum():
        parser.error("a stack's name is made of letters, digits and hyphens")
    # A terminated `up` takes along what it has started, as an interrupted one does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if arguments.command == "up":
        print_summary(up(arguments.name, arguments.quiet, scheduled=True))
    elif arguments.command == "down" and arguments.all:
        for file in sorted(STACKS.glob("*.json")):
            down(file.stem)
    elif arguments.command == "down":
        down(arguments.name)
    else:
        status(arguments.name)


if __name__ == "__main__":
    main()
