"""MiniStack, the AWS emulator: started on loopback with IAM enforced, and the clients that talk to it."""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

import processes
from places import LOCAL

REGION = "us-east-1"
ACCOUNT = "000000000000"
# The emulator's root identity; every other one is subject to IAM.
ROOT_KEY = ("test", "test")
PROGRAM = Path(__file__).resolve().parent / "ministack_process.py"
# It answers within two seconds on a busy machine; a minute means that it will not.
START_S = 60.0


def environment(port: int, work: Path) -> dict[str, str]:
    """All that the emulator gets to see. The functions inherit it, so nothing of the caller's goes in."""
    scratch = work / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": f"{LOCAL / 'emulator' / 'bin'}{os.pathsep}/usr/local/bin{os.pathsep}/usr/bin{os.pathsep}/bin",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        # Identity-based and resource-based policies are evaluated as AWS does.
        "AUTH": "true",
        # Given to the functions, whose SDK finds everything here.
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "MINISTACK_REGION": REGION,
        "STATE_DIR": str(work / "state"),
        "S3_DATA_DIR": str(work / "s3"),
        "PERSIST_STATE": "0",
        # Who called what: permissions.py compares it with what the roles grant.
        "CLOUDTRAIL_RECORDING": "1",
        "CLOUDTRAIL_MAX_EVENTS": "200000",
    }


def start(port: int, work: Path) -> dict:
    """Starts the emulator and waits until it answers."""
    process, record = processes.start(
        [sys.executable, str(PROGRAM)], environment(port, work), work / "emulator.log", work
    )
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=2) as answer:
                json.load(answer)
                return record
        except (urllib.error.URLError, ConnectionError, TimeoutError, ValueError):
            time.sleep(0.05)
    processes.stop(record)
    raise SystemExit(f"the emulator did not start; see {work / 'emulator.log'}")


def aws(service: str, aws_url: str, key: tuple[str, str] = ROOT_KEY, token: str | None = None):
    """A client of one AWS service in the emulator, as root or as the given identity."""
    session = boto3.session.Session(
        aws_access_key_id=key[0], aws_secret_access_key=key[1], aws_session_token=token, region_name=REGION
    )
    # A refusal is the answer: retries would only hide it.
    settings = Config(retries={"total_max_attempts": 1}, read_timeout=330, parameter_validation=True)
    return session.client(service, endpoint_url=aws_url, config=settings)
