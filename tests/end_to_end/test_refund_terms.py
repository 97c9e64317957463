"""What a refund takes back, discounts on the next renewal, and what is held back before it is paid."""

import time

import pytest
from client import eventually
from messages import instant
from scene import DAY_S, add_customer, add_support, reviewed

OUTAGE_S = 60 * 3600


@pytest.fixture
def customer(stack):
    """A customer without purchases."""
    return add_customer(stack)


@pytest.fixture
def slow_payouts(stack):
    """Payouts whose messages take a while, so that a person can be faster."""
    queue = {"QueueUrl": stack.queue_url("Payout")}
    stack.aws("sqs").set_queue_attributes(**queue, Attributes={"DelaySeconds": "15"})
    yield
    stack.aws("sqs").set_queue_attributes(**queue, Attributes={"DelaySeconds": "0"})


def in_review(customer, payment, **body):
    """A request that a person decides."""
    answer = customer.file(**{"reason": "other", "payment": payment, "note": "please look at it", **body})
    assert (answer.status, answer.json["state"]) == (201, "in_review"), answer.body
    return answer.json["id"]


def part(amount_minor, clause="door", **body):
    """A review that pays a part."""
    amount = {"amount_minor": amount_minor, "currency": "usd"}
    return {"decision": "approve_part", "amount": amount, "clause": clause, **body}


def first_clause(stack, customer, request):
    """A clause of the document that decides the request, which a reviewer can cite."""
    answer = stack.post(f"/v1/refund-requests/{request}/review", {"decision": "refuse", "reason": "x"}, as_="support")
    [error] = [error for error in answer.json["errors"] if error["pointer"] == "#/clause"]
    return error["detail"].split("`")[1]


def part_approved(stack, customer, payment):
    """A request that a person has approved 3.00 of; its id and the answer."""
    request = in_review(customer, payment)
    clause = first_clause(stack, customer, request)
    answer = reviewed(stack, request, part(300, clause), "support")
    assert (answer.status, answer.json["state"]) == (200, "approved"), answer.body
    return request, answer


def test_s3_22_a_part_of_a_pack_takes_its_share(stack, customer):
    payment = customer.buy()["payment"]
    _, answer = part_approved(stack, customer, payment)
    assert answer.json["payout"]["credits_revoked"] == 33
    assert customer.balance() == (67, 0)
    eventually("Stripe has the refund", lambda: customer.refunds(payment))
    assert [refund["amount"] for refund in customer.refunds(payment)] == [300]


def test_s3_18_a_part_of_a_plans_charge_keeps_the_plan(stack, customer):
    made = customer.subscribe(price="price_premier_monthly", amount=3000)
    request = in_review(customer, made["invoice"])
    clause = first_clause(stack, customer, request)
    credits = customer.balance()[0]
    answer = reviewed(stack, request, part(2000, clause), "support")
    assert (answer.status, answer.json["state"]) == (200, "approved"), answer.body
    assert customer.balance()[0] == credits - credits * 2 // 3
    customer.becomes("Stripe has the refund", lambda: customer.refunds(made["payment"]))
    stack.wait_until_idle()
    assert customer.subscriptions()[0]["state"] == "active"


def test_s2_19_a_discount_makes_the_next_renewal_cheaper(stack, customer):
    began_at = int(time.time()) - OUTAGE_S - 3600
    made = customer.subscribe(created=began_at - DAY_S)
    outage = {
        "product": "music-studio",
        "began_at": instant(began_at),
        "ended_at": instant(began_at + OUTAGE_S),
    }
    name = f"outage-{made['subscription'][-8:]}".lower()
    # One person records it, and another confirms it.
    for _ in range(2):
        assert stack.call("PUT", f"/v1/outages/{name}", outage, as_=add_support(stack)).status == 200
    request = in_review(customer, made["invoice"], reason="service_unavailable")
    offer = {"decision": "offer", "offer": "discount", "clause": "extended-outage"}
    answer = reviewed(stack, request, offer, "support")
    assert answer.status == 200, answer.body
    path = f"/v1/accounts/{customer.account}/refund-requests/{request}/offers/discount"
    taken = stack.post(path, {"answer": "accept"}, as_=customer.owner)
    assert (taken.status, taken.json["state"]) == (200, "approved"), taken.body
    done = customer.state_becomes(request, "refunded")
    assert done["discount"]["discount"] == {"percent": 20}
    assert (customer.balance(), customer.refunds(made["payment"])) == ((500, 0), [])
    assert customer.subscriptions()[0]["state"] == "active"
    renewed = [customer.stripe("renew", subscription=made["subscription"])["payment"] for _ in range(2)]
    payments = stack.stripe("GET", "/_control/payments").json["payments"]
    amounts = {payment["id"]: payment["amount"] for payment in payments}
    assert [amounts[payment] for payment in renewed] == [800, 1000]


@pytest.mark.usefixtures("slow_payouts")
def test_support_holds_back_what_is_approved(stack, customer):
    payment = customer.buy()["payment"]
    request, _ = part_approved(stack, customer, payment)
    path = f"/v1/refund-requests/{request}/hold-back"
    held = stack.post(path, {"reason": "the customer called"}, as_=add_support(stack))
    assert (held.status, held.json["state"]) == (200, "in_review"), held.body
    assert customer.balance() == (100, 0)
    stack.wait_until_idle()
    assert customer.refunds(payment) == []


@pytest.mark.usefixtures("slow_payouts")
def test_a_payment_that_is_refunded_elsewhere_before_its_payout_goes_back_to_a_person(stack, customer):
    payment = customer.buy()["payment"]
    request, _ = part_approved(stack, customer, payment)
    # Stripe's instants are whole seconds: one of the approval's own second counts as made before it.
    customer.stripe("dashboard_refund", payment=payment, amount=200, created=int(time.time()) + 1)
    customer.state_becomes(request, "in_review")
    assert [refund["amount"] for refund in customer.refunds(payment)] == [200]
    # The refund elsewhere took the 22 credits that its money bought.
    assert customer.balance() == (78, 0)
