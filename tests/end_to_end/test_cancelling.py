"""Cancelling a subscription: shown, confirmed, recorded, sent to Stripe, and what a charge after it leads to."""

import time

import pytest
from messages import instant
from scene import DAY_S, add_customer, add_support


@pytest.fixture
def customer(stack):
    customer = add_customer(stack)
    customer.buy()
    return customer


def subscribed(customer, **members):
    """A subscription that is listed."""
    subscription = customer.subscribe(**members)["subscription"]
    customer.becomes("the subscription is known", customer.subscriptions)
    return subscription


def cancelled(customer, subscription, **options):
    """Cancels in two steps and returns what the second one answered."""
    shown = customer.cancel(subscription, **options)
    assert shown.status == 200, shown.body
    done = customer.cancel(subscription, shown.json["confirmation"], **options)
    assert done.status == 200, done.body
    return done.json


def reported(customer, subscription):
    """Whether Stripe has said itself that the subscription ends with its period."""
    events = customer.stack.stripe("GET", "/_control/events").json["events"]
    bodies = [event["body"].replace(" ", "") for event in events]
    return any(subscription in body and '"cancel_at_period_end":true' in body for body in bodies)


def test_a_cancellation_is_shown_confirmed_and_sent_to_stripe(stack, customer):
    subscription = subscribed(customer)
    shown = customer.cancel(subscription).json
    assert (shown["state"], shown["plan"], shown["cancellation"]) == ("active", "pro", None)
    until = {lot["kind"]: lot["usable_until"] for lot in shown["credits"]}
    assert until["pack"] is None
    assert until["subscription"] > shown["takes_effect_at"]
    assert "mid-period" in [clause["clause"] for clause in shown["clauses"]]

    assert customer.cancel(subscription, "something").status == 409
    done = customer.cancel(subscription, shown["confirmation"])
    assert done.status == 200, done.body
    assert (done.json["state"], done.json["cancellation"]["channel"]) == ("cancels_at_period_end", "customer")
    assert "is cancelled" in done.json["message"]
    assert customer.cancel(subscription, shown["confirmation"]).json == done.json
    customer.becomes("Stripe reports the end", lambda: reported(customer, subscription))

    # Until the period ends, everything stays and can be used.
    assert customer.balance() == (600, 0)
    customer.settle(customer.held(500), "capture")
    assert [each["state"] for each in customer.subscriptions()] == ["cancels_at_period_end"]


def test_a_charge_after_a_cancellation_that_was_confirmed_here_is_refunded_by_itself(stack, customer):
    period_end = int(time.time()) - DAY_S
    subscription = subscribed(customer, created=period_end - 30 * DAY_S)
    cancelled(customer, subscription)
    made = customer.stripe("renew", subscription=subscription, charged_at=int(time.time()) + 5)
    customer.becomes("the renewal has landed", lambda: len(customer.lots()) == 3)
    payment = made["invoice"]
    filed = customer.file("late", reason="charged_after_cancellation", payment=payment, note="I had cancelled.")
    assert filed.status == 201, filed.body
    assert filed.json["state"] in ("approved", "paying", "refunded"), filed.json["message"]
    customer.becomes("Stripe has the refund", lambda: customer.refunds(made["payment"]))
    [refund] = customer.refunds(made["payment"])
    customer.stripe("settle_refund", refund=refund["id"], status="succeeded")
    customer.state_becomes(filed.json["id"], "refunded")


def test_support_cancels_for_a_customer_and_nobody_else_can(stack, customer):
    subscription = subscribed(customer)
    stranger, support = add_customer(stack), add_support(stack)
    assert customer.cancel(subscription, as_=stranger.owner).status == 404
    assert customer.cancel(subscription, as_="service").status in (401, 403)
    done = cancelled(customer, subscription, as_=support)
    assert done["cancellation"]["channel"] == "support"


def test_a_cancellation_whose_message_was_lost_is_announced_again_by_the_sweep(stack, customer):
    subscription = subscribed(customer)
    cancelled(customer, subscription)
    customer.becomes("Stripe reports the end", lambda: reported(customer, subscription))
    # What has been sent is not due any more, however late the sweep looks.
    status = stack.sweep(instant(time.time() + 3600))
    assert status["failed"] == 0
    assert not [item for item in stack.items("Ledger") if subscription in item["sk"]["S"] and "due_at" in item]


def test_what_is_not_paid_ends_at_once_and_its_open_invoice_is_voided(stack, customer):
    subscription = subscribed(customer)
    owed = customer.stripe("owe", subscription=subscription)["invoice"]
    customer.becomes("it is known to be unpaid", lambda: customer.subscriptions()[0]["state"] == "past_due")
    shown = customer.cancel(subscription).json
    assert "would end at once" in shown["message"]
    done = customer.cancel(subscription, shown["confirmation"])
    assert done.status == 200, done.body
    assert done.json["state"] == "ended"

    def invoices():
        found = stack.stripe("GET", "/_control/open_invoices").json["open_invoices"]
        return [invoice["status"] for invoice in found if invoice["id"] == owed]

    customer.becomes("the open invoice is voided", lambda: invoices() == ["void"])
    customer.becomes("Stripe has ended it", lambda: customer.subscriptions()[0]["ended_at"] is not None)
    calls = stack.stripe("GET", "/_control/calls").json["calls"]
    assert len([call for call in calls if call["path"] == f"/v1/invoices/{owed}/void"]) == 1


def test_a_subscription_under_a_schedule_is_released_and_cancelled(stack, customer):
    subscription = subscribed(customer)
    [event] = customer.stripe("schedule", subscription=subscription)["events"]
    customer.becomes("the schedule is known", lambda: delivered(stack, event))
    cancelled(customer, subscription)
    customer.becomes("Stripe reports the end", lambda: reported(customer, subscription))


def delivered(stack, event):
    """Whether an event was taken."""
    deliveries = stack.stripe("GET", "/_control/deliveries").json["deliveries"]
    return any(delivery["event"] == event and delivery.get("status") == 200 for delivery in deliveries)
