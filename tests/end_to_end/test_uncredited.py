"""Paid purchases that cannot be credited: their cases open within the hour, and support settles them."""

import json
import time

import pytest
from scene import deliver, signed
from test_businesses import customer, refunded, review, support
from test_cases import opened

__all__ = ["customer", "support"]  # fixtures


def unreadable_invoice(customer) -> str:
    """A paid invoice of the customer's, an hour ago, for a price that nobody knows; returns its id."""
    made = customer.subscribe()
    paid_at = int(time.time()) - 3_700
    invoice = f"in_{made['customer']}"
    line = {
        "id": "il_1", "object": "line_item", "amount": 1500, "currency": "usd", "quantity": 1,
        "period": {"start": paid_at, "end": paid_at + 2_592_000},
        "pricing": {"type": "price_details", "price_details": {"price": "price_of_nothing", "product": "prod_1"}},
        "parent": {"type": "subscription_item_details", "subscription_item_details": {"proration": False}},
    }
    subscription = {"subscription": made["subscription"], "metadata": {}}
    parent = {"type": "subscription_details", "subscription_details": subscription}
    paid = {
        "id": invoice, "object": "invoice", "status": "paid", "billing_reason": "subscription_cycle",
        "customer": made["customer"], "currency": "usd", "amount_paid": 1500, "total": 1500, "subtotal": 1500,
        "created": paid_at, "status_transitions": {"paid_at": paid_at}, "parent": parent,
        "lines": {"object": "list", "has_more": False, "data": [line]},
    }
    event = {
        "id": f"evt_{invoice}", "object": "event", "api_version": "2026-10-28.endive", "created": paid_at,
        "livemode": False, "type": "invoice.paid", "data": {"object": paid},
    }
    body = json.dumps(event).encode()
    told = deliver(customer.stack, body, signed(customer.stack, body))
    assert (told.status, told.json["outcome"]) == (200, "parked"), told.body
    return invoice


def with_shown_quote(customer, request, support, verdict):
    """Sends a verdict, and again with the quote that the first answer shows."""
    path = f"/v1/refund-requests/{request['id']}/review"
    shown = customer.stack.post(path, verdict, as_=support)
    assert (shown.status, shown.json["type"]) == (409, "urn:makegood:problem:quote-changed"), shown.body
    return customer.stack.post(path, {**verdict, "quote": shown.json["quote"]["quote"]}, as_=support), shown


def test_support_grants_the_credits_of_a_plans_invoice_that_nobody_could_read(customer, support):
    invoice = unreadable_invoice(customer)
    request = opened(customer)
    found = (request["reason"], request["payment"], request["state"])
    assert found == ("credits_missing", invoice, "in_review"), request
    before, _ = customer.balance()
    verdict = {
        "decision": "grant_credits", "credits": 250, "product": "music-studio", "clause": "ask-a-person",
        "reason": "The price is an older one of Pro.",
    }
    given, shown = with_shown_quote(customer, request, support, verdict)
    assert shown.json["quote"]["pays"]["expire"] == "with_the_plan"
    assert (given.status, given.json["state"], given.json["credits_given"]) == (200, "refunded", 250), given.body
    assert customer.balance() == (before + 250, 0)


def test_support_pays_a_purchase_back_that_nobody_could_read(customer, support):
    bought = {"price": "price_of_nothing", "amount": 900, "currency": "usd", "created": int(time.time()) - 3700}
    made = customer.stripe("buy_pack", account=customer.account, **bought)
    request = opened(customer)
    assert request["payment"] == made["payment"]
    assert review(customer, request, support, "approve", "pack-not-credited").status == 200
    refunded(customer, request, made["payment"], 900)


@pytest.mark.parametrize("reason", ["payment_failed", "payment_disputed"])
def test_s2_16_who_pays_after_dunning_ended_the_plan_keeps_what_was_paid(customer, reason):
    ended_at = int(time.time()) - 86_400
    made = customer.subscribe(created=ended_at - 20 * 86_400)
    ended = {
        "id": made["subscription"], "object": "subscription", "customer": made["customer"], "status": "canceled",
        "cancel_at_period_end": False, "cancel_at": None, "canceled_at": ended_at, "ended_at": ended_at,
        "cancellation_details": {"comment": None, "feedback": None, "reason": reason}, "metadata": {},
        "items": {"object": "list", "has_more": False, "data": [{"price": {"id": "price_pro_monthly"}}]},
    }
    event = {
        "id": f"evt_ended_{made['subscription']}", "object": "event", "api_version": "2026-10-28.endive",
        "created": ended_at, "livemode": False, "type": "customer.subscription.deleted", "data": {"object": ended},
    }
    body = json.dumps(event).encode()
    assert deliver(customer.stack, body, signed(customer.stack, body)).status == 200
    customer.stripe("renew", subscription=made["subscription"], charged_at=ended_at + 3_600)
    customer.becomes("the late payment has landed", lambda: len(customer.lots()) == 2)
    customer.stack.sweep()
    path = f"/v1/accounts/{customer.account}/refund-requests"
    assert customer.stack.get(path, as_=customer.owner).json["refund_requests"] == []
    assert customer.balance() == (1000, 0)
