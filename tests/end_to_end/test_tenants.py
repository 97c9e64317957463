"""Who may do what: another's account looks like a missing one, and roles do not mix."""

import pytest
from scene import Scene, add_customer, without_instance

MISSING = "account-that-nobody-has"


@pytest.fixture(scope="module")
def owner(stack):
    """A customer with a pack and a refused request."""
    scene = add_customer(stack)
    scene.payment = scene.buy()["payment"]
    scene.refused = scene.file("disliked", reason="result_not_liked", generation_id="song", note="not for me").json
    return scene


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/accounts/{account}/credits", None),
        ("GET", "/v1/accounts/{account}/entries", None),
        ("GET", "/v1/accounts/{account}/refund-requests", None),
        ("GET", "/v1/accounts/{account}/refund-requests/{request}", None),
        ("POST", "/v1/accounts/{account}/refund-requests", {"reason": "changed_mind", "note": "mine now"}),
    ],
)
def test_d4_another_customers_account_is_answered_as_a_missing_one(stack, owner, method, path, body):
    def answer(account):
        filled = path.format(account=account, request=owner.refused["id"])
        headers = {"idempotency-key": '"d4"'} if body else {}
        return stack.call(method, filled, body, as_="other_customer", headers=headers)

    foreign, missing = answer(owner.account), answer(MISSING)
    assert foreign.status == 404
    assert without_instance(foreign) == without_instance(missing)
    assert foreign.headers["content-type"] == missing.headers["content-type"]


def test_d4_another_customers_payment_is_answered_as_an_unknown_one(stack, owner):
    thief = add_customer(stack)
    thief.buy()
    foreign = thief.file("foreign", reason="changed_mind", payment=owner.payment, note="give it to me")
    unknown = thief.file("unknown", reason="changed_mind", payment="pi_unknown", note="give it to me")
    assert foreign.status == 404
    assert without_instance(foreign) == without_instance(unknown)
    own = f"/v1/accounts/{thief.account}/refund-requests/{owner.refused['id']}"
    assert stack.get(own, as_=thief.owner).status == 404


def test_d5_what_only_the_records_say_cannot_be_sent_along(owner):
    for member in ({"amount_minor": 1}, {"state": "approved"}, {"policy_version": "1"}, {"account": MISSING}):
        answer = owner.file("d5", reason="changed_mind", payment=owner.payment, note="x", **member)
        assert (answer.status, answer.json["type"]) == (400, "urn:makegood:problem:invalid-request"), answer.body


def test_d7_the_idempotency_key(stack, owner):
    path = f"/v1/accounts/{owner.account}/refund-requests"
    body = {"reason": "result_not_liked", "generation_id": "song", "note": "not for me"}
    assert stack.post(path, body, as_=owner.owner).status == 400
    for unreadable in ("k" * 300, '""', "a b"):
        assert stack.post(path, body, as_=owner.owner, headers={"idempotency-key": unreadable}).status == 400
    again = owner.file("disliked", **body)
    assert (again.status, again.headers["idempotency-hit"]) == (201, "true")
    assert again.json["id"] == owner.refused["id"]
    other = owner.file("disliked", **{**body, "note": "something else"})
    assert (other.status, other.json["type"]) == (422, "urn:makegood:problem:idempotency-key-reused")
    # Another customer's key of the same name is another key.
    elsewhere = add_customer(stack).file("disliked", **body, product="music-studio")
    assert (elsewhere.status, "idempotency-hit" in elsewhere.headers) == (201, False)


def test_d12_a_cursor_of_another_account_is_refused(stack, owner):
    other = Scene(stack, "other_customer")
    for scene in (owner, other):
        scene.buy()
        scene.buy()
    page = stack.get(f"/v1/accounts/{owner.account}/entries?limit=1", as_=owner.owner).json
    path = f"/v1/accounts/{{}}/entries?limit=1&cursor={page['next_cursor']}"
    assert stack.get(path.format(owner.account), as_=owner.owner).status == 200
    for foreign in (path.format(other.account), path.format(other.account) + "A"):
        answer = stack.get(foreign, as_="other_customer")
        assert (answer.status, answer.json["type"]) == (400, "urn:makegood:problem:invalid-cursor")


def test_d14_roles_do_not_mix(stack, owner):
    account = f"/v1/accounts/{owner.account}"
    hold = {"generation_id": "free-song", "operation": "music_simple", "credits": 1}
    review = f"/v1/refund-requests/{owner.refused['id']}/review"
    verdict = {"decision": "approve", "clause": "result-not-liked", "reason": "I would like that"}
    assert stack.post(f"{account}/holds", hold, as_=owner.owner).status == 403
    assert stack.post(f"{account}/holds", hold, as_="support").status == 403
    assert stack.post(f"{account}/holds/free-song/release", as_=owner.owner).status == 403
    assert stack.post(review, verdict, as_=owner.owner).status == 403
    assert stack.post(review, verdict, as_="service").status == 403
    assert stack.get(f"{account}/entries", as_="service").status == 403
    assert stack.get(f"{account}/refund-requests", as_="service").status == 403


def test_d16_headers_do_not_make_somebody_else(stack, owner):
    headers = {"x-user-id": owner.account, "x-forwarded-for": "127.0.0.1", "x-http-method-override": "GET"}
    path = f"/v1/accounts/{owner.account}/credits"
    assert stack.get(path, as_="other_customer", headers=headers).status == 404


@pytest.mark.parametrize(
    "groups",
    [["Customer support"], ["Tier 2 support team"], ["foo,support"], ["a", "support"], ["[support]"], ["supporters"]],
)
def test_d14_a_group_that_has_supports_name_in_it_is_not_support(stack, groups):
    token = stack.altered_token("customer", **{"cognito:groups": groups})
    assert stack.call("GET", "/v1/refund-requests", token=token).status == 403
    assert stack.call("PUT", "/v1/outages/forged", {}, token=token).status == 403


def test_d14_supports_own_group_alone_is_support(stack):
    token = stack.altered_token("customer", **{"cognito:groups": ["support"]})
    assert stack.call("GET", "/v1/refund-requests", token=token).status == 200


def test_d4_a_service_reaches_the_holds_that_it_placed_alone(stack, owner):
    generation = owner.held(5)
    hold = f"/v1/accounts/{owner.account}/holds"
    other = stack.altered_token("service", sub="another-service")
    body = {"generation_id": generation, "operation": "music_simple", "credits": 5}

    def refused():
        before = owner.balance()
        for how in ("capture", "release"):
            answer = stack.post(f"{hold}/{generation}/{how}", token=other)
            assert (answer.status, answer.json["type"]) == (403, "urn:makegood:problem:another-service"), answer.body
        assert stack.post(hold, body, token=other).json["type"] == "urn:makegood:problem:hold-conflict"
        assert owner.balance() == before

    refused()
    assert owner.settle(generation, "capture").json["outcome"] == "captured"
    refused()
    assert owner.settle(generation, "release").json["outcome"] == "given_back"
    # What it holds itself is its own.
    body["generation_id"] = f"{generation}-other"
    assert stack.post(hold, body, token=other).status == 201
    assert owner.settle(body["generation_id"], "capture").status == 403
    assert stack.post(f"{hold}/{body['generation_id']}/release", token=other).json["outcome"] == "released"
