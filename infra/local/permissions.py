"""Which of the actions that the roles grant were really used: the other half of least privilege.

With IAM enforced, a run shows that nothing is missing. This shows that nothing is left over: the emulator keeps a
trail of calls with the access key of the caller, and each function's key follows from its ARN and its role's.
"""

import hashlib
import itertools
import json
from collections.abc import Iterator

from client import Stack

FUNCTIONS = (
    *("StripeWebhook", "CreemWebhook", "StripeLookup", "StripeReconcile", "CreemReconcile"),
    *("Credits", "RefundRequest"),
    *("PlanChange", "AutoRefund", "RefundPayout", "ExpirySweep", "JournalAnchor", "DisputeEvidence"),
    *("PolicyText", "Lookup", "AccountAdjustment", "AccountImport"),
)

# Used by Lambda on the function's behalf, which the emulator does without calling its own API.
LAMBDAS_OWN = (
    *("logs:", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    *("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"),
)
# Written by Lambda when an asynchronous run has failed for good, which must not happen in a test.
LAMBDAS_OWN_TARGETS = ("SweepDeadLetterQueue", "LookupDeadLetterQueue")

# A transaction needs the actions of its parts.
PARTS = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Get": "dynamodb:GetItem",
}

# What a function can have called, by the names in the trail. A page has 50 calls, and the emulator gives no token for
# the next.
CALLS = (
    *("Query", "Scan", "GetItem", "BatchGetItem", "TransactGetItems"),
    *("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"),
    *("SendMessage", "SendMessageBatch", "GetSecretValue", "Invoke"),
)
PAGE = 50


def unused(stack: Stack) -> dict[str, set[str]]:
    """Function → what its role grants and no call has needed, such as `dynamodb:Query on LedgerTable/index/due`."""
    names = resource_names(stack)
    left = {function: granted(stack, names, function) - used(stack, names, function) for function in FUNCTIONS}
    return {function: grants for function, grants in left.items() if grants}


def granted(stack: Stack, names: dict[str, str], function: str) -> set[str]:
    """What the role of a function grants it for calls of its own."""
    iam, role = stack.aws("iam"), names[f"{function}Role"]
    grants = set()
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        for statement in document["Statement"]:
            for action in _listed(statement["Action"]):
                for resource in _listed(statement["Resource"]):
                    what = _label(names, resource)
                    if not action.startswith(LAMBDAS_OWN) and what not in LAMBDAS_OWN_TARGETS:
                        grants.add(f"{action} on {what}")
    return grants


def used(stack: Stack, names: dict[str, str], function: str) -> set[str]:
    """What the calls of a function have needed, whether they were allowed or not."""
    return {f"{action} on {_label(names, resource)}" for action, resource in _calls(stack, function)}


def _calls(stack: Stack, function: str) -> Iterator[tuple[str, str]]:
    access_key = _access_key(stack, function)
    for event in itertools.chain.from_iterable(_trail(stack, access_key, name) for name in CALLS):
        service, name = event["eventSource"].split(".")[0], event["eventName"]
        parameters = event["requestParameters"] or {}
        if name in ("TransactWriteItems", "TransactGetItems"):
            for item in parameters["TransactItems"]:
                for part, body in item.items():
                    yield PARTS[part], body["TableName"]
        elif name in ("BatchGetItem", "BatchWriteItem"):
            for table in parameters["RequestItems"]:
                yield f"dynamodb:{name}", table
        elif service == "dynamodb":
            index = parameters.get("IndexName")
            table = parameters["TableName"]
            yield f"dynamodb:{name}", f"{table}/index/{index}" if index else table
        elif service == "sqs":
            yield f"sqs:{name.removesuffix('Batch')}", parameters["QueueUrl"]
        elif service == "lambda":
            # The trail has the payload and not the function; a provider's webhook is the one that a function invokes.
            yield "lambda:InvokeFunction", "CreemWebhook" if function == "CreemReconcile" else "StripeWebhook"
        elif service == "secretsmanager":
            yield f"secretsmanager:{name}", parameters["SecretId"]
        else:
            yield f"{service}:{name}", "*"


def _trail(stack: Stack, access_key: str, name: str) -> Iterator[dict]:
    """All calls of a name made with a key, newest first."""
    client, end = stack.aws("cloudtrail"), None
    # AWS takes one attribute; the emulator takes several, of which all must match.
    wanted = {"AccessKeyId": access_key, "EventName": name}
    attributes = [{"AttributeKey": key, "AttributeValue": value} for key, value in wanted.items()]
    while True:
        events = _page(client, attributes, end)
        for event in events:
            yield json.loads(event["CloudTrailEvent"])
        if len(events) < PAGE:
            return
        oldest = events[-1]["EventTime"].timestamp()
        # An instant shared by a whole page is passed by: nothing calls that fast.
        end = oldest if end is None or oldest < end else end - 1e-3


def _page(client, attributes: list[dict], end: float | None) -> list[dict]:
    """The newest calls that were made until `end`, in seconds."""

    def until_end(params: dict, **_) -> None:
        # The client cuts instants down to the second, in which a sweep makes more calls than a page holds.
        if end is not None:
            params["body"] = json.dumps({**json.loads(params["body"]), "EndTime": end}).encode()

    event = "before-call.cloudtrail.LookupEvents"
    client.meta.events.register(event, until_end)
    try:
        return client.lookup_events(LookupAttributes=attributes)["Events"]
    finally:
        client.meta.events.unregister(event, until_end)


def _access_key(stack: Stack, function: str) -> str:
    """The key that the emulator gives to a function."""
    name = stack.state["outputs"][f"{function}Function"]
    configuration = stack.aws("lambda").get_function_configuration(FunctionName=name)
    seed = f"{configuration['FunctionArn']}:{configuration['Role']}"
    return f"ASIA{hashlib.sha256(seed.encode()).hexdigest()[:16].upper()}"


def resource_names(stack: Stack) -> dict[str, str]:
    """Logical name in the template → name of the deployed resource."""
    pages = stack.aws("cloudformation").get_paginator("list_stack_resources").paginate(StackName="makegood")
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
    }


def _label(names: dict[str, str], resource: str) -> str:
    """An ARN, a URL or a name as the template's logical name, with the index behind it."""
    path, _, index = resource.partition("/index/")
    tail = path.rstrip(":*").replace("/", ":").split(":")[-1]
    for logical, physical in names.items():
        name = physical.replace("/", ":").split(":")[-1]
        # The ARN of a secret is its name and six more characters.
        if name and (tail == name or tail.rpartition("-")[0] == name):
            return f"{logical}/index/{index}" if index else logical
    return resource


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
