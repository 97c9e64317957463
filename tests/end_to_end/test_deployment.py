"""What is deployed is what the documents say, and nobody but the named sender gets a message in."""

import itertools

import pytest
import yaml
from botocore.exceptions import ClientError
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


def test_not_even_the_sender_may_ask_for_a_payout(stack):
    client = stack.aws("sqs", tuple(stack.state["sender"]["key"]))
    with pytest.raises(ClientError) as refused:
        client.send_message(QueueUrl=stack.queue_url("Payout"), MessageBody="{}")
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
