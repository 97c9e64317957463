"""Cases that open themselves from the records, and what customers make of them.

The sweep looks at what may be a billing error an hour after it was noted: its time is given here.
"""

import json
import time

from client import eventually
from messages import instant
from scene import DAY_S, deliver, signed
from test_businesses import (
    THREE_D_PACK,
    answers,
    clauses,
    customer,
    filed,
    recommends,
    refunded,
    review,
    support,
    wanted,
)

__all__ = ["customer", "support"]  # fixtures


def opened(customer):
    """The one case of the customer, after the sweep has looked."""

    def cases():
        assert customer.stack.sweep(instant(time.time() + 3700))["failed"] == 0
        path = f"/v1/accounts/{customer.account}/refund-requests"
        return customer.stack.get(path, as_=customer.owner).json["refund_requests"]

    [request] = eventually("the case is open", cases)
    # Looking again opens nothing more.
    assert [each["id"] for each in cases()] == [request["id"]]
    return customer.decided(request)


def test_s2_16_a_charge_after_a_cancellation_is_paid_back_without_being_asked_for(customer):
    made = customer.renewal_after_cancellation()
    request = opened(customer)
    assert (request["reason"], clauses(request)) == ("charged_after_cancellation", ["charged-after-cancellation"])
    assert request["state"] in ("approved", "paying"), request
    refunded(customer, request, made["payment"], 1000)
    assert len(customer.changes("revoked")) == 1


def test_s2_16_a_cancellation_by_our_own_route_counts_as_well(customer):
    made = customer.subscribe(created=int(time.time()) - 31 * DAY_S)
    subscription = made["subscription"]
    shown = customer.cancel(subscription)
    assert customer.cancel(subscription, shown.json["confirmation"]).status == 200
    customer.stack.wait_until_idle()
    renewal = customer.stripe("renew", subscription=subscription, charged_at=int(time.time()) + 2)
    customer.becomes("the renewal has landed", lambda: len(customer.lots()) == 2)
    request = opened(customer)
    assert request["reason"] == "charged_after_cancellation"
    refunded(customer, request, renewal["payment"], 1000)


def test_s3_5_the_second_of_two_payments_waits_for_a_person_with_the_recommendation(customer, support):
    customer.buy(**THREE_D_PACK)
    second = customer.buy(**THREE_D_PACK)
    request = opened(customer)
    assert (request["reason"], request["payment"]) == ("duplicate_payment", second["payment"])
    assert (request["state"], recommends(request)) == ("in_review", "grant")
    # The answer names the request that is open.
    body = {"reason": "duplicate_payment", "payment": second["payment"], "note": "Twice."}
    conflict = customer.file("mine", **body)
    assert (conflict.status, conflict.json["type"]) == (409, "urn:makegood:problem:case-open"), conflict.body
    assert conflict.json["request"] == request["id"]
    assert review(customer, request, support, "approve", "double-payment").status == 200
    refunded(customer, request, second["payment"], 900)


def test_a_case_that_the_customer_filed_is_not_opened_a_second_time(customer):
    customer.buy(**THREE_D_PACK)
    second = customer.buy(**THREE_D_PACK)
    request = filed(customer, "in_review", reason="duplicate_payment", payment=second["payment"])
    assert opened(customer)["id"] == request["id"]


def test_s2_15_another_plan_than_was_ordered_waits_for_a_person(stack, customer):
    made = customer.subscribe()
    seconds = int(time.time())
    session = {
        "id": f"cs_{seconds}", "object": "checkout.session", "mode": "subscription", "payment_status": "paid",
        "client_reference_id": customer.account, "customer": made["customer"], "subscription": made["subscription"],
        "amount_total": 2000, "currency": "usd", "metadata": {"price": "price_premier_monthly"},
    }
    event = {
        "id": f"evt_cs_{seconds}", "object": "event", "api_version": "2026-10-28.endive", "created": seconds,
        "livemode": False, "type": "checkout.session.completed", "data": {"object": session},
    }
    body = json.dumps(event).encode()
    answer = deliver(stack, body, signed(stack, body))
    assert (answer.status, answer.json["outcome"]) == (200, "applied"), answer.body
    request = opened(customer)
    assert (request["reason"], request["state"]) == ("wrong_plan_charged", "in_review")
    assert (recommends(request), clauses(request)) == ("grant", ["wrong-plan"])


def missing_pack(customer):
    """A pack of a price that is not in the catalogue: paid an hour ago and not on the balance, with its case."""
    bought = {"price": "price_of_nothing", "amount": 900, "currency": "usd", "created": int(time.time()) - 3700}
    made = customer.stripe("buy_pack", account=customer.account, **bought)
    request = opened(customer)
    assert (request["reason"], request["state"]) == ("credits_missing", "needs_information"), request
    assert wanted(request) == {"remedy"}
    return made["payment"], request


def test_s2_21_who_chooses_the_money_of_a_missing_pack_gets_it_back(customer):
    payment, request = missing_pack(customer)
    chosen = answers(customer, request, remedy="money")
    assert (chosen.status, chosen.json["state"]) == (200, "approved"), chosen.body
    refunded(customer, request, payment, 900)
    assert customer.lots() == []


def test_s2_21_who_chooses_the_credits_of_a_pack_that_nobody_can_read_gets_them_from_a_person(customer, support):
    payment, request = missing_pack(customer)
    chosen = answers(customer, request, remedy="credits")
    assert (chosen.status, chosen.json["state"]) == (200, "in_review"), chosen.body
    offered = review(customer, request, support, "offer", "pack-not-credited", offer="pack_credits", credits=100)
    assert offered.status == 200, offered.body
    path = f"/v1/accounts/{customer.account}/refund-requests/{request['id']}/offers/pack_credits"
    taken = customer.stack.post(path, {"answer": "accept"}, as_=customer.owner)
    assert (taken.status, taken.json["state"], taken.json["credits_given"]) == (200, "refunded", 100), taken.body
    assert customer.balance() == (100, 0)
    assert customer.refunds(payment) == []
