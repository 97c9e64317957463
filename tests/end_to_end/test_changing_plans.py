"""Changing a plan by two calls: shown, confirmed, carried out at Stripe once, and what it brings."""

import time

import pytest
from scene import DAY_S, PRO, add_customer, add_support

PREMIER = "price_premier_monthly"


@pytest.fixture
def customer(stack):
    customer = add_customer(stack)
    customer.stripe("price", price=PREMIER, amount=3_000, currency="usd")
    return customer


def subscribed(customer, **members):
    """A subscription in the middle of its period."""
    subscription = customer.subscribe(created=int(time.time()) - 15 * DAY_S, **members)["subscription"]
    customer.becomes("the subscription is known", customer.subscriptions)
    customer.becomes("its credits are there", customer.lots)
    return subscription


def confirmed(customer, subscription, shown, state):
    """Confirms what was shown, and asks by the same call until Stripe has answered."""
    done = customer.change(subscription, shown)
    assert done.status == 200, done.body

    def answered():
        return customer.change(subscription, shown).json["state"] == state

    customer.becomes(f"the change is {state}", answered)
    return customer.change(subscription, shown).json


def at_stripe(customer, subscription):
    """The subscription as Stripe has it."""
    found = customer.stack.stripe("GET", "/_control/subscriptions").json["subscriptions"]
    [known] = [each for each in found if each["id"] == subscription]
    return known


def test_s4_14_an_upgrade_is_shown_confirmed_charged_once_and_brings_what_was_shown(stack, customer):
    subscription = subscribed(customer)
    shown = customer.preview_change(subscription, price=PREMIER)
    assert shown.status == 200, shown.body
    shown = shown.json
    assert (shown["plan"], shown["new_plan"], shown["takes_effect"]) == ("pro", "premier", "at_once")
    assert shown["charged_now"]["amount_minor"] > 0
    assert shown["next_charge"]["amount"] == {"amount_minor": 3_000, "currency": "usd"}

    done = confirmed(customer, subscription, shown, "made")
    assert done["charged_now"] == shown["charged_now"]
    customer.becomes("the credits of the change are there", lambda: len(customer.lots()) == 2)
    assert customer.lots()[1]["available"] == shown["credits"]["added"]
    customer.becomes("the plan is known", lambda: customer.subscriptions()[0]["plan"] == "premier")
    calls = stack.stripe("GET", "/_control/calls").json["calls"]
    wanted = ("POST", f"/v1/subscriptions/{subscription}")
    updates = [call for call in calls if (call["method"], call["path"]) == wanted]
    assert len(updates) == 1


def test_s4_15_a_downgrade_comes_with_the_period_and_can_be_taken_back_until_then(customer):
    subscription = subscribed(customer, price=PREMIER, amount=3_000)
    shown = customer.preview_change(subscription, price=PRO["price"])
    assert shown.status == 200, shown.body
    assert (shown.json["takes_effect"], shown.json["charged_now"]["amount_minor"]) == ("at_period_end", 0)
    done = confirmed(customer, subscription, shown.json, "scheduled")
    assert "you can take this back" in done["message"]
    [listed] = customer.subscriptions()
    assert (listed["plan"], listed["next_plan"]) == ("premier", "pro")

    back = customer.preview_change(subscription, price=PREMIER).json
    assert back["takes_effect"] == "kept", back
    confirmed(customer, subscription, back, "made")
    assert customer.subscriptions()[0]["next_plan"] is None
    assert at_stripe(customer, subscription)["schedule"] is None

    again = customer.preview_change(subscription, price=PRO["price"]).json
    confirmed(customer, subscription, again, "scheduled")
    customer.stripe("renew", subscription=subscription, charged_at=int(time.time()))
    customer.becomes("the next period's credits are there", lambda: len(customer.lots()) == 2)
    assert customer.lots()[1]["available"] == 500
    customer.becomes("the smaller plan runs", lambda: customer.subscriptions()[0]["plan"] == "pro")
    assert customer.subscriptions()[0]["next_plan"] is None


def test_a_change_that_is_not_paid_or_not_true_any_more_is_not_made(stack, customer):
    subscription = subscribed(customer)
    shown = customer.preview_change(subscription, price=PREMIER).json
    stack.stripe("POST", "/_control/settings", {"cards_decline": True})
    try:
        done = confirmed(customer, subscription, shown, "declined")
    finally:
        stack.stripe("POST", "/_control/settings", {"cards_decline": False})
    assert done["declined"] == "card_declined"
    assert len(customer.lots()) == 1
    assert at_stripe(customer, subscription)["price"] == PRO["price"]

    shown = customer.preview_change(subscription, price=PREMIER).json
    customer.stripe("price", price=PREMIER, amount=4_000, currency="usd")
    stale = customer.change(subscription, shown)
    assert (stale.status, stale.json["type"]) == (409, "urn:makegood:problem:preview-changed"), stale.body
    assert stale.json["preview"]["charged_now"] != shown["charged_now"]
    confirmed(customer, subscription, stale.json["preview"], "made")


def test_what_cannot_change_says_why_and_others_cannot_change_it(stack, customer):
    subscription = subscribed(customer)
    stranger, support = add_customer(stack), add_support(stack)
    assert customer.preview_change(subscription, price=PREMIER, as_=stranger.owner).status == 404
    assert customer.preview_change(subscription, price=PREMIER, as_=support).status == 200
    for price in ("price_unheard_of", "price_image_yearly", PRO["price"]):
        refused = customer.preview_change(subscription, price=price)
        assert (refused.status, refused.json["type"]) == (422, "urn:makegood:problem:unprocessable"), refused.body
    shown = customer.cancel(subscription).json
    assert customer.cancel(subscription, shown["confirmation"]).status == 200
    refused = customer.preview_change(subscription, price=PREMIER)
    assert (refused.status, refused.json["type"]) == (409, "urn:makegood:problem:state-conflict"), refused.body
