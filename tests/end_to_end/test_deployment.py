"""What is deployed is what the documents say, and nobody but the named sender gets a message in."""

import itertools
import json

import pytest
import yaml
from botocore.exceptions import ClientError
from client import DEAD_LETTERS
from places import ROOT

METHODS = ("get", "post", "put", "patch", "delete")


def documented_routes() -> dict[str, bool]:
    """Route key → whether it needs a token, from openapi.yaml."""
    document = yaml.safe_load((ROOT / "infra" / "openapi.yaml").read_text(encoding="utf-8"))
    return {
        f"{method.upper()} {path}": operation.get("security", document["security"]) != []
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def test_the_deployed_routes_are_the_documented_ones(stack):
    api = stack.state["outputs"]["ApiId"]
    pages = stack.aws("apigatewayv2").get_paginator("get_routes").paginate(ApiId=api)
    routes = itertools.chain.from_iterable(page["Items"] for page in pages)
    deployed = {route["RouteKey"]: route["AuthorizationType"] == "JWT" for route in routes}
    assert deployed == documented_routes()


@pytest.mark.parametrize("route", sorted(key for key, token in documented_routes().items() if token))
def test_d1_no_route_but_the_webhook_answers_without_a_token(stack, route):
    method, path = route.split(" ")
    path = path.replace("{account}", stack.account("customer"))
    assert stack.call(method, path).status == 401
    genuine = stack.token("customer")
    assert stack.call(method, path, token=f"{genuine[:-8]}AAAAAAAA").status == 401


@pytest.mark.parametrize(
    "claims",
    [{"exp": 1}, {"iss": "https://elsewhere.example"}, {"client_id": "somebody-else"}, {"nbf": 4_102_444_800}],
    ids=lambda claims: next(iter(claims)),
)
def test_d2_a_token_with_a_wrong_claim_is_refused(stack, claims):
    path = f"/v1/accounts/{stack.account('customer')}/credits"
    assert stack.get(path, token=stack.altered_token("customer", **claims)).status == 401


def test_d2_an_id_token_is_refused(stack):
    path = f"/v1/accounts/{stack.account('customer')}/credits"
    assert stack.get(path, token=stack.id_token("customer")).status in (401, 403)


def test_only_the_named_sender_may_send(stack):
    with pytest.raises(ClientError) as refused:
        stack.send({"version": 1, "type": "generation.failed"}, sender="stranger")
    assert refused.value.response["Error"]["Code"] == "AccessDenied"


@pytest.mark.parametrize("sender", ["sender", "stranger"])
@pytest.mark.parametrize("queue", DEAD_LETTERS)
def test_i7_nobody_may_put_a_message_where_a_redrive_would_send_it_on(stack, queue, sender):
    client = stack.aws("sqs", tuple(stack.state[sender]["key"]))
    url = stack.queue_url(queue)
    with pytest.raises(ClientError) as refused:
        client.send_message(QueueUrl=url, MessageBody='{"version":1,"type":"generation.failed"}')
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    with pytest.raises(ClientError) as refused:
        client.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "{}"}])
    assert refused.value.response["Error"]["Code"] == "AccessDenied"


@pytest.mark.parametrize("queue", ["Generation", "Payout"])
def test_i7_a_dead_letter_queue_takes_from_its_own_queue_alone(stack, queue):
    def attributes(name):
        url = stack.queue_url(name)
        return stack.aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    source = attributes(queue)["QueueArn"]
    allowed = json.loads(attributes(f"{queue}DeadLetter")["RedriveAllowPolicy"])
    assert allowed == {"redrivePermission": "byQueue", "sourceQueueArns": [source]}


def test_not_even_the_sender_may_ask_for_a_payout(stack):
    client = stack.aws("sqs", tuple(stack.state["sender"]["key"]))
    with pytest.raises(ClientError) as refused:
        client.send_message(QueueUrl=stack.queue_url("Payout"), MessageBody="{}")
    assert refused.value.response["Error"]["Code"] == "AccessDenied"


@pytest.mark.parametrize(
    ("parameter", "value", "refusal"),
    [
        ("SimulatedTime", "true", "SimulatedTime must be false"),
        ("StripeApiBase", "http://127.0.0.1:8080", "StripeApiBase must be"),
        ("AlarmTopic", "", "AlarmTopic must name"),
    ],
)
def test_h14_what_is_for_tests_cannot_be_deployed_where_events_are_live(stack, parameter, value, refusal):
    template = (ROOT / "infra" / "template.yaml").read_text(encoding="utf-8")
    parameters = {
        "TokenIssuer": "https://issuer.example",
        "CustomerAudience": "customers",
        "ServiceAudience": "services",
        "GenerationSenders": stack.state["sender"]["arn"],
        "StripeLivemode": "true",
        "AlarmTopic": "arn:aws:sns:us-east-1:000000000000:alarms",
        parameter: value,
    }
    with pytest.raises(ClientError, match=refusal):
        stack.aws("cloudformation").create_stack(
            StackName="live",
            TemplateBody=template,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
