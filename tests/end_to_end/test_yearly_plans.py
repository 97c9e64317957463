"""A year that grants monthly: three months by the sweep, a second seat, and a refund that counts all months."""

from datetime import UTC, datetime

import pytest
from client import eventually
from scene import DAY_S, add_customer, add_support
from test_businesses import clauses, filed, preview, recommends, review
from test_plan_changes import charged
from test_purchases import line, tell

YEAR = {"price": "price_assistant_yearly", "amount": 12_000, "currency": "usd"}
REPLY = {"operation": "assistant_reply", "product": "assistant"}


def days_of_a_year():
    """The days until the same date of the next year."""
    today = datetime.now(UTC)
    leap = today.month == 2 and today.day == 29
    return (today.replace(year=today.year + 1, day=28 if leap else today.day) - today).days


@pytest.fixture
def customer(stack):
    """A customer who lives where no law beside the policy is known."""
    customer = add_customer(stack)
    customer.stripe("address", account=customer.account, country="US")
    return customer


@pytest.fixture
def year(customer):
    return customer.subscribe(**YEAR, days=days_of_a_year())


def balance(customer):
    answer = customer.stack.get(f"/v1/accounts/{customer.account}/credits", as_=customer.owner)
    assert answer.status == 200, answer.body
    return answer.json


def pass_month(customer):
    """Runs the sweep at the instant of the next month, which the balance names."""
    due_at = balance(customer)["next_grant_at"]
    assert customer.stack.sweep(due_at)["failed"] == 0
    assert balance(customer).get("next_grant_at") != due_at
    return due_at


def paid(customer, invoice):
    answer = customer.stack.get(f"/v1/accounts/{customer.account}/payments", as_=customer.owner)
    assert answer.status == 200, answer.body
    return next(payment for payment in answer.json["payments"] if payment["payment"] == invoice)


def reply(customer, generation, credits):
    """A generation that is captured."""
    customer.settle(customer.held(credits, generation, **REPLY), "capture")


def test_s0_5_a_year_brings_its_months_and_its_refund_counts_and_takes_all_of_them(stack, customer, year):
    assert customer.balance() == (1_000, 0)
    for month in range(3):
        reply(customer, f"reply-{month}", 10)
        pass_month(customer)
        # The month takes the place of what is left of the one before.
        assert customer.balance() == (1_000, 0)
    # A second run for the same month brings nothing.
    stack.sweep(balance(customer)["lots"][-1]["granted_at"])
    assert [change["credits"] for change in customer.changes("granted")] == [1_000] * 4
    [scheduled] = customer.changes("grants_scheduled")
    assert (scheduled["lots"], scheduled["credits_each"]) == (11, 1_000)
    credits = paid(customer, year["invoice"])["credits"]
    assert (credits["granted"], credits["available"]) == (4_000, 1_000)
    assert credits["monthly"] == {
        "bought": 12_000,
        "lots_left": 8,
        "next_grant_at": balance(customer)["next_grant_at"],
    }

    support = add_support(stack)
    asked = {"reason": "changed_mind", "payment": year["invoice"], "note": "Not for me."}
    shown = preview(customer, support, asked)
    assert shown["quote"]["forgone"] == {"lots": 8, "credits": 8_000}
    # Three generations of 500 in a month are below 2 %: the uses of all months count against the allotment of one.
    request = filed(customer, "in_review", **asked)
    facts = {fact["fact"]: fact["value"] for fact in request["decision"]["facts"]}
    counted = (facts["generations_used"], facts["generations_allotted"])
    assert counted == (3, 500)
    assert (recommends(request), "assistant-early" in clauses(request)) == ("grant", True)
    next_at = balance(customer)["next_grant_at"]
    answer = review(customer, request, support, "approve", "assistant-early")
    # More than 100.00 needs a second person.
    if answer.json["state"] == "in_review":
        answer = review(customer, request, add_support(stack), "approve", "assistant-early")
    assert (answer.status, answer.json["state"]) == (200, "approved"), answer.body
    assert customer.balance() == (0, 0)
    assert "next_grant_at" not in balance(customer)
    [refund] = eventually("Stripe has the refund", lambda: customer.refunds(year["payment"]))
    assert refund["amount"] == 12_000
    customer.stripe("settle_refund", refund=refund["id"], status="succeeded")
    customer.state_becomes(request["id"], "refunded")
    stack.sweep(next_at)
    assert customer.balance() == (0, 0)
    assert len(customer.changes("grants_stopped")) == 1


def test_s4_14_a_second_seat_comes_month_by_month_with_the_first(stack, customer, year):
    period = paid(customer, year["invoice"])["period"]
    end = int(datetime.fromisoformat(period["ends_at"]).timestamp())
    rest = {"start": end - 265 * DAY_S, "end": end}
    lines = [settled(1, -8_712, rest), settled(2, 17_424, rest)]
    change = charged(year, "subscription_update", lines, 8_712)
    assert tell(stack, "invoice.paid", change) == "applied"
    [first, more] = customer.lots()
    later = paid(customer, change["id"])["credits"]["monthly"]
    # 265 of 365 days of 12,000 credits: what runs of this month, and 1,000 for each month that is left.
    assert first["available"] == 1_000
    assert more["available"] + later["lots_left"] * 1_000 == later["bought"]
    assert 8_600 <= later["bought"] <= 8_800
    for _ in range(5):
        pass_month(customer)
    assert customer.balance() == (2_000, 0)

    # The end of the subscription ends both.
    customer.stripe("end", subscription=year["subscription"])
    customer.becomes("no more is to come", lambda: "next_grant_at" not in balance(customer))
    assert len(customer.changes("grants_ended")) == 2


def settled(quantity, amount, period):
    """A line that settles a change of seats."""
    settled = line(YEAR["price"], amount)
    settled["quantity"] = quantity
    settled["period"] = period
    settled["parent"] = {
        "type": "subscription_item_details",
        "subscription_item_details": {"proration": True},
    }
    return settled
