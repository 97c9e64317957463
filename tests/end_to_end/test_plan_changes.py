"""Plans that change within a period: what is paid for the change lands with the period's end, end to end."""

import time

import pytest
from scene import PRO, add_customer
from test_purchases import MONTH_S, invoice, line, tell

HALF_S = MONTH_S // 2


@pytest.fixture
def customer(stack):
    return add_customer(stack)


def settled(price, amount, period_end):
    """A line that settles a change for half of the period."""
    settled = line(price, amount)
    settled["period"] = {"start": period_end - HALF_S, "end": period_end}
    settled["parent"] = {
        "type": "subscription_item_details",
        "subscription_item_details": {"proration": True},
    }
    return settled


def charged(made, reason, lines, paid):
    """A paid invoice of the subscription, and what it comes to."""
    content = invoice(made["customer"], paid, lines, made["subscription"])
    return {**content, "billing_reason": reason, "total": sum(each["amount"] for each in lines)}


def test_s4_14_an_upgrade_lands_at_once_and_going_down_and_up_again_brings_no_more_credits(stack, customer):
    made = customer.subscribe()
    end = int(time.time()) + HALF_S
    up = [settled(PRO["price"], -500, end), settled("price_premier_monthly", 1_500, end)]
    assert tell(stack, "invoice.paid", charged(made, "subscription_update", up, 1_000)) == "applied"
    [first, change] = customer.lots()
    assert first["available"] == 500
    # 1500 credits for half of a month, whose calendar has 28 to 31 days.
    assert 720 <= change["available"] <= 810

    # Down again gives money to the customer's balance and takes its credits; up again is paid from there.
    down = [settled("price_premier_monthly", -1_500, end), settled(PRO["price"], 500, end)]
    before = customer.balance()
    assert tell(stack, "invoice.paid", charged(made, "subscription_update", down, 0)) == "applied"
    assert customer.balance() == (500, 0)
    assert tell(stack, "invoice.paid", charged(made, "subscription_update", up, 0)) == "applied"
    assert customer.balance() == before
