"""Creem's webhook in the whole system: signed events in, credits out, and what waits for a person."""

import json
import time

import pytest
from client import Answer, Stack
from messages import instant
from scene import Scene, add_customer, add_support, reviewed, signed_by_creem


@pytest.fixture
def scene(stack) -> Scene:
    return Scene(stack)


def send(stack: Stack, event_type: str, event_object: dict) -> tuple[str, Answer]:
    """The answer to an event that Creem has signed just now, behind the event's id."""
    event_id = f"evt_creem_{time.time_ns()}"
    at = time.time_ns() // 1_000_000
    event = {"id": event_id, "eventType": event_type, "created_at": at, "object": event_object | {"mode": "test"}}
    body = json.dumps(event).encode()
    headers = {"creem-signature": signed_by_creem(stack, body), "content-type": "application/json"}
    return event_id, stack.post("/v1/webhooks/creem", body, headers=headers)


def pack(account: str | None, name: str) -> dict:
    """The checkout of a pack of 100 credits."""
    order = {"id": f"ord_{name}", "transaction": f"tran_{name}", "amount": 900, "amount_paid": 1071}
    return {
        "id": f"ch_{name}",
        "order": order | {"currency": "EUR", "status": "paid", "type": "onetime"},
        "product": "prod_3d_pack_100",
        "units": 1,
        "metadata": {"account": account} if account else {},
    }


def starter(account: str, name: str) -> dict:
    """The first period of the starter plan, paid now."""
    now = int(time.time())
    begins, ends = (time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at)) for at in (now, now + 30 * 86_400))
    return {
        "id": f"sub_{name}",
        "product": "prod_3d_starter",
        "status": "active",
        "last_transaction_id": f"tran_{name}",
        "last_transaction": {"id": f"tran_{name}", "amount_paid": 1190, "currency": "EUR"},
        "current_period_start_date": begins,
        "current_period_end_date": ends,
        "created_at": begins,
        "metadata": {"account": account},
    }


def test_c1_creem_a_pack_brings_its_credits_and_a_dispute_freezes_them(stack, scene):
    name, before = str(time.time_ns()), scene.balance()[0]
    checkout = pack(scene.account, name)
    assert send(stack, "checkout.completed", checkout)[1].json == {"outcome": "applied"}
    assert scene.balance()[0] == before + 100
    assert send(stack, "checkout.completed", checkout)[1].json == {"outcome": "repeated"}
    transaction = {"id": f"tran_{name}", "amount_paid": 1071, "currency": "EUR"}
    disputed = {"id": f"disp_{name}", "amount": 1071, "currency": "EUR", "transaction": transaction}
    assert send(stack, "dispute.created", disputed)[1].json == {"outcome": "applied"}
    assert scene.balance()[0] == before


def test_a_subscription_is_on_record_with_creems_word(stack, scene):
    subscription = starter(scene.account, str(time.time_ns()))
    assert send(stack, "subscription.paid", subscription)[1].json == {"outcome": "applied"}
    assert scene.balance()[0] == 200


def test_c11_creem_a_second_charge_within_a_period_is_a_case_that_a_person_settles(stack):
    customer, name = add_customer(stack), str(time.time_ns())
    first = starter(customer.account, name)
    assert send(stack, "subscription.paid", first)[1].json == {"outcome": "applied"}
    paid = {"id": f"tran_{name}_more", "amount_paid": 595, "currency": "EUR"}
    second = first | {"last_transaction_id": paid["id"], "last_transaction": paid}
    event, parked = send(stack, "subscription.paid", second)
    assert parked.json == {"outcome": "parked", "reason": "proration_only"}
    # Until an hour has passed, its case is on its way; then it is open.
    assert stack.sweep(instant(time.time() + 3700))["failed"] == 0
    path = f"/v1/accounts/{customer.account}/refund-requests"
    [case] = stack.get(path, as_=customer.owner).json["refund_requests"]
    shown = stack.makegood("parked", "show", event)
    assert f"the decision in {case['id']}" in shown.stdout, shown.stdout + shown.stderr
    # No event says what the change was: a person names the credits, and the operator drops what has its answer.
    body = {"decision": "grant_credits", "credits": 100, "outside_policy": "our_error"}
    granted = reviewed(stack, case["id"], body, add_support(stack))
    assert (granted.status, granted.json["credits_given"]) == (200, 100), granted.body
    assert customer.balance() == (300, 0)
    dropped = stack.makegood("parked", "drop", event, "--reason", "credited by its case", "--operator", "ann")
    assert dropped.returncode == 0, dropped.stdout + dropped.stderr


def test_an_operator_links_a_parked_event_of_creem(stack, scene):
    event, parked = send(stack, "checkout.completed", pack(None, str(time.time_ns())))
    assert parked.json == {"outcome": "parked", "reason": "account_unknown"}
    linked = stack.makegood("parked", "link", event, "--account", scene.account)
    assert linked.returncode == 0, linked.stdout + linked.stderr
    assert scene.balance()[0] == 100


def test_a5_creem_a_wrong_signature_is_refused(stack):
    headers = {"creem-signature": "00" * 32, "content-type": "application/json"}
    assert stack.post("/v1/webhooks/creem", b"{}", headers=headers).status == 400
