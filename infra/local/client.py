"""What a demo or a test does with a running stack: calls, messages, sweeps, and looks behind the curtain.

    stack = Stack.load("default")
    answer = stack.get(f"/v1/accounts/{stack.account('customer')}/credits", as_="customer")
    answer.status, answer.json

Nothing here sleeps for a fixed time: `eventually` polls with a deadline.
"""

import http.client
import json
import os
import subprocess
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import identities
from emulator import ROOT_KEY, aws
from messages import instant
from places import MAKEGOOD, binary, state_file

T = TypeVar("T")

QUEUES = ("Generation", "GenerationDeadLetter", "Payout", "PayoutDeadLetter", "SweepDeadLetter", "LookupDeadLetter")
# The outputs that name the schedules; those of the sweep are several.
SCHEDULES = ("SweepScheduleNames", "ReconcileScheduleName", "CompareScheduleName", "CreemReconcileScheduleName")
DEAD_LETTERS = ("GenerationDeadLetter", "PayoutDeadLetter", "SweepDeadLetter", "LookupDeadLetter")
# A cold function under load answers within seconds; API Gateway would give up after 30.
CALL_S = 40.0
# The command line reads the whole of two tables that a demo or a test has filled.
COMMAND_S = 60.0
# Tokens live for an hour; a stack may be up for longer.
TOKEN_RENEWAL_S = 300.0


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        """The body as JSON; `None` when it is empty."""
        return json.loads(self.body) if self.body else None


def schedule_names(state: dict, output: str) -> list[str]:
    """The schedules that one of `SCHEDULES` names."""
    return state["outputs"][output].split(",")


def eventually(what: str, probe: Callable[[], T | None], seconds: float = 30.0) -> T:
    """The first true value that `probe` gives; fails with `what` when the time is over."""
    deadline = time.monotonic() + seconds
    pause = 0.01
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}; last seen: {value!r}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)


class Stack:
    """A running local stack, known by its state file."""

    def __init__(self, state: dict) -> None:
        self.state = state
        self._tokens: dict[str, str] = {}
        self._clients: dict = {}
        # Sees every call of the API: method, path and answer.
        self.witness: Callable[[str, str, Answer], None] | None = None

    @classmethod
    def load(cls, name: str = "default") -> "Stack":
        """The stack of that name."""
        return cls(json.loads(state_file(name).read_text()))

    # Identities

    def account(self, person: str) -> str:
        """The account of `customer`, `other_customer` or `support`: the `sub` of their tokens."""
        return self.state["pool"]["people"][person]["account"]

    @property
    def service(self) -> str:
        """The generation service: the `sub` of its token."""
        return self.state["pool"]["service_audience"]

    def add_person(self, name: str, group: str | None = None) -> str:
        """Makes another customer, or a member of `group`, known by `name` from here on; returns the account."""
        pool = self.state["pool"]
        pool["people"][name] = identities.create_person(self.state["aws_url"], pool["pool"], name, group)
        return self.account(name)

    def token(self, who: str) -> str:
        """An access token of a person or of `service`; renewed before it expires."""
        token = self._tokens.get(who)
        if token is None or identities.claims_of(token)["exp"] - time.time() < TOKEN_RENEWAL_S:
            url, pool = self.state["aws_url"], self.state["pool"]
            token = identities.service_token(url, pool) if who == "service" else identities.person_token(url, pool, who)
            self._tokens[who] = token
        return token

    def id_token(self, person: str) -> str:
        """A person's ID token, which must not open anything."""
        return identities.person_token(self.state["aws_url"], self.state["pool"], person, "IdToken")

    def altered_token(self, who: str, **claims) -> str:
        """A rightly signed token with other claims, such as `exp=1` or `client_id="other"`; `None` removes one."""
        folder = Path(self.state["work"]) / "state"
        return identities.altered_token(folder, self.state["pool"], self.token(who), claims)

    # HTTP

    def call(
        self,
        method: str,
        path: str,
        body=None,
        *,
        as_: str | None = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Calls the deployed API. `body` is bytes as they are, or anything else as JSON."""
        sent = {"accept": "application/json", **(headers or {})}
        if as_ is not None:
            token = self.token(as_)
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("content-type", "application/json")
        base = urllib.parse.urlsplit(self.state["api_url"])
        answer = _request(base.netloc, method, f"{base.path}{path}", body, sent)
        if self.witness:
            self.witness(method, path, answer)
        return answer

    def get(self, path: str, **options) -> Answer:
        """`GET`; the options are those of `call`."""
        return self.call("GET", path, **options)

    def post(self, path: str, body=None, **options) -> Answer:
        """`POST`; the options are those of `call`."""
        return self.call("POST", path, body, **options)

    # Stripe's stand-in

    def stripe(self, method: str, path: str, body=None) -> Answer:
        """Calls the stand-in, its API or its control paths, with the key that the functions use."""
        address = urllib.parse.urlsplit(self.state["stripe"]["url"]).netloc
        headers = {"authorization": f"Bearer {self.state['stripe']['key']}"}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers["content-type"] = "application/json"
        return _request(address, method, path, body, headers)

    # Creem's stand-in

    def creem(self, method: str, path: str, body=None) -> Answer:
        """Calls Creem's stand-in, its API or its control paths, with the key that the functions use."""
        address = urllib.parse.urlsplit(self.state["creem"]["url"]).netloc
        headers = {"x-api-key": self.state["creem"]["key"]}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers["content-type"] = "application/json"
        return _request(address, method, path, body, headers)

    # Messages and schedule

    def send(self, message: dict | str, sender: str = "sender") -> str:
        """Sends to GenerationQueue as the allowed AWS user, or as `stranger`; returns the message's id."""
        text = message if isinstance(message, str) else json.dumps(message)
        client = self.aws("sqs", tuple(self.state[sender]["key"]))
        return client.send_message(QueueUrl=self.queue_url("Generation"), MessageBody=text)["MessageId"]

    def sweep(self, at: str) -> dict:
        """Runs the sweep with the schedule's event for the instant `at` (RFC 3339) and returns its status."""
        return self.invoke("ExpirySweep", {"version": 1, "time": at})

    def reconcile(self, since: str | None = None, before: str | None = None) -> dict:
        """Runs the reconciliation, as its schedule does or over a time (RFC 3339), and returns its status."""
        time_asked = {"since": since, "before": before}
        return self.invoke("StripeReconcile", {name: value for name, value in time_asked.items() if value})

    def reconcile_creem(self, due_before: str | None = None) -> dict:
        """Reads what is open at Creem, as the schedule does or what is due before an instant (RFC 3339)."""
        return self.invoke("CreemReconcile", {"due_before": due_before} if due_before else {})

    def compare(self, since: str | None = None, before: str | None = None, repair: bool = False) -> dict:
        """Compares Stripe's lists with the records, as the schedule does or over a time, and returns what differs."""
        asked = {"since": since, "before": before, "repair": repair}
        return self.invoke("StripeReconcile", {"compare": {name: value for name, value in asked.items() if value}})

    def tick(self, output: str = "SweepScheduleNames") -> None:
        """Does what schedules do: hands the own input of each, with the present instant in it, to its own target.

        The emulator's schedules leave the placeholder of the time as it is, so that their ticks would all fail.
        """
        now = instant(time.time())
        for name in schedule_names(self.state, output):
            target = self.aws("scheduler").get_schedule(Name=name)["Target"]
            event = target["Input"].replace("<aws.scheduler.scheduled-time>", now)
            self.aws("lambda").invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=event)

    def invoke(self, function: str, event: dict) -> dict:
        """Invokes a function, named as in the template, and returns its answer; a failure is an exception."""
        name = self.state["outputs"][f"{function}Function"]
        answer = self.aws("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise RuntimeError(f"{function} failed: {payload}")
        return payload

    # Behind the curtain, as root

    def aws(self, service: str, key: tuple[str, str] | None = None):
        """A boto3 client of the emulator; as root unless a key is given."""
        if (service, key) not in self._clients:
            options = {} if key is None else {"key": key}
            self._clients[service, key] = aws(service, self.state["aws_url"], **options)
        return self._clients[service, key]

    def queue_url(self, queue: str) -> str:
        """The URL of one of `QUEUES`."""
        return self.state["outputs"][f"{queue}QueueUrl"]

    def queue_depths(self) -> dict[str, int]:
        """Messages per queue: waiting, in flight or delayed."""
        counts = (
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        )
        depths = {}
        for queue in QUEUES:
            found = self.aws("sqs").get_queue_attributes(QueueUrl=self.queue_url(queue), AttributeNames=list(counts))
            depths[queue] = sum(int(found["Attributes"][count]) for count in counts)
        return depths

    def wait_until_idle(self, seconds: float = 30.0) -> None:
        """Waits until the working queues are empty; dead letters are not waited for."""
        eventually(
            "the queues are empty",
            lambda: all(n == 0 for queue, n in self.queue_depths().items() if queue not in DEAD_LETTERS),
            seconds,
        )

    def dead_letters(self, queue: str) -> list[str]:
        """Takes the bodies of all messages out of a dead-letter queue, named as in `DEAD_LETTERS`."""
        client, url, bodies = self.aws("sqs"), self.queue_url(queue), []
        while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                bodies.append(message["Body"])
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def set_visibility(self, queue: str, seconds: int) -> None:
        """Shortens the pause between deliveries, so that a test of dead letters does not take five minutes."""
        self.aws("sqs").set_queue_attributes(
            QueueUrl=self.queue_url(queue), Attributes={"VisibilityTimeout": str(seconds)}
        )

    def items(self, table: str) -> list[dict]:
        """Every item of `Ledger`, `Requests`, `Anchors` or `Policies`, in DynamoDB's own JSON."""
        pages = self.aws("dynamodb").get_paginator("scan")
        name = self.state["outputs"][f"{table}TableName"]
        return [item for page in pages.paginate(TableName=name, ConsistentRead=True) for item in page["Items"]]

    def makegood(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the operator's command line on the stack's tables; the caller looks at its exit code."""
        outputs = self.state["outputs"]
        env = {
            "PATH": os.environ.get("PATH", ""),
            "AWS_ENDPOINT_URL": self.state["aws_url"],
            "AWS_REGION": self.state["region"],
            "AWS_ACCESS_KEY_ID": ROOT_KEY[0],
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY[1],
            "USER": "operator",
            "LEDGER_TABLE": outputs["LedgerTableName"],
            "REQUESTS_TABLE": outputs["RequestsTableName"],
            "ANCHORS_TABLE": outputs["AnchorsTableName"],
            "POLICIES_TABLE": outputs["PoliciesTableName"],
            "STRIPE_WEBHOOK_FUNCTION": outputs["StripeWebhookFunction"],
            "CREEM_WEBHOOK_FUNCTION": outputs["CreemWebhookFunction"],
            "ACCOUNT_IMPORT_FUNCTION": outputs["AccountImportFunction"],
            "STRIPE_RECONCILE_FUNCTION": outputs["StripeReconcileFunction"],
            "CREEM_RECONCILE_FUNCTION": outputs["CreemReconcileFunction"],
            "ACCOUNT_ADJUSTMENT_FUNCTION": outputs["AccountAdjustmentFunction"],
        }
        command = [str(binary(MAKEGOOD)), *arguments]
        return subprocess.run(command, env=env, check=False, capture_output=True, text=True, timeout=COMMAND_S)

    def logs(self, function: str) -> list[str]:
        """The log lines of a function, oldest first."""
        name = self.state["outputs"][f"{function}Function"]
        group = self.aws("lambda").get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"]
        pages = self.aws("logs").get_paginator("filter_log_events")
        return [event["message"] for page in pages.paginate(logGroupName=group) for event in page["events"]]


def _request(netloc: str, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
    """One HTTP call on a connection of its own; threads may do this side by side."""
    connection = http.client.HTTPConnection(netloc, timeout=CALL_S)
    try:
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
    finally:
        connection.close()
