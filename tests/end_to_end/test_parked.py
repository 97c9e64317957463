"""Parked events, decided about by the operator's command line: linked to an account, or dropped."""

import json
import time

import pytest
from messages import instant
from scene import PACK, Scene, deliver, signed

HOUR_S = 3_600


@pytest.fixture
def scene(stack):
    return Scene(stack)


def parked_guest(scene, **members):
    """A guest's paid checkout of two hours ago that names no account, parked; its event."""
    created = int(time.time()) - 2 * HOUR_S
    [event] = scene.stripe("buy_pack", account=scene.account, **PACK, created=created, deliver="hold")["events"]
    known = scene.stack.stripe("GET", "/_control/events").json["events"]
    body = json.loads(next(each["body"] for each in known if each["id"] == event))
    body["id"] = f"{event}_parked"
    body["data"]["object"] |= {"client_reference_id": None, "customer": None, **members}
    text = json.dumps(body).encode()
    answer = deliver(scene.stack, text, signed(scene.stack, text))
    assert (answer.status, answer.json) == (200, {"outcome": "parked", "reason": "account_unknown"}), answer.body
    return body["id"]


def oldest_parked_money(stack):
    """The newest metric of the sweep about parked money, in milliseconds."""
    stack.sweep(instant(time.time()))
    found = [json.loads(line) for line in stack.logs("ExpirySweep") if "ParkedMoneyAge" in line]
    return max(found[-1]["ParkedMoneyAge"])


def test_a_guests_payment_is_shown_with_what_unparks_it_linked_and_credited_once(stack, scene):
    event = parked_guest(scene)
    shown = stack.makegood("parked", "show", event).stdout
    assert "9.00 USD" in shown
    assert f"makegood parked link {event} --account ACCOUNT" in shown
    listed = stack.makegood("parked", "list")
    assert listed.returncode == 1
    assert event in listed.stdout
    assert oldest_parked_money(stack) >= 0

    linked = stack.makegood("parked", "link", event, "--account", scene.account)
    assert (linked.returncode, "applied" in linked.stdout) == (0, True), linked.stdout + linked.stderr
    assert scene.balance() == (100, 0)
    again = stack.makegood("parked", "link", event, "--account", scene.account)
    assert (again.returncode, "not_parked" in again.stdout) == (1, True), again.stdout + again.stderr
    assert len(scene.changes("granted")) == 1


def test_a_customer_of_another_account_is_not_linked(stack, scene):
    scene.buy()
    other = Scene(stack)
    other.buy()
    [customer] = [
        item["pk"]["S"].removeprefix("CUSTOMER#")
        for item in stack.items("Ledger")
        if item["pk"]["S"].startswith("CUSTOMER#") and item["account"]["S"] == other.account
    ]
    # An invoice of the other's customer, for a price that nobody knows.
    body = json.dumps(
        {
            "id": f"evt_{time.time_ns()}", "object": "event", "type": "invoice.paid", "livemode": False,
            "created": int(time.time()) - 2 * HOUR_S, "api_version": "2026-10-28.endive",
            "data": {"object": {
                "id": f"in_{time.time_ns()}", "object": "invoice", "customer": customer, "currency": "usd",
                "amount_paid": 700, "billing_reason": "manual", "parent": None,
                "lines": {"object": "list", "has_more": False, "data": [{
                    "id": "il_1", "object": "line_item", "amount": 700, "quantity": 1,
                    "pricing": {"price_details": {"price": "price_nobody_knows"}},
                }]},
            }},
        }
    ).encode()  # fmt: skip
    event = json.loads(body)["id"]
    answer = deliver(stack, body, signed(stack, body))
    assert answer.json == {"outcome": "parked", "reason": "price_unknown"}, answer.body
    refused = stack.makegood("parked", "link", event, "--account", scene.account)
    assert (refused.returncode, "account_mismatch" in refused.stdout) == (1, True), refused.stdout + refused.stderr
    # Its customer is known, and so has a case.
    shown = stack.makegood("parked", "show", event).stdout
    assert "opens by itself" in shown
    assert "price_nobody_knows" in shown
    stack.makegood("parked", "drop", event, "--reason", "a test")


def test_a_dropped_event_leaves_the_list_and_can_be_read(stack, scene):
    event = parked_guest(scene)
    dropped = stack.makegood("parked", "drop", event, "--reason", "bought again", "--operator", "ann")
    assert (dropped.returncode, "dropped" in dropped.stdout) == (0, True), dropped.stdout + dropped.stderr
    assert event not in stack.makegood("parked", "list").stdout
    listed = stack.makegood("parked", "list", "--dropped")
    assert (listed.returncode, event in listed.stdout) == (0, True), listed.stdout + listed.stderr
    assert "by ann: bought again" in stack.makegood("parked", "show", event).stdout
    assert json.loads(stack.makegood("parked", "show", event, "--payload").stdout)["id"] == event
    replayed = stack.makegood("parked", "replay", event)
    assert (replayed.returncode, "dropped" in replayed.stdout) == (0, True), replayed.stdout + replayed.stderr
    assert scene.balance() == (0, 0)


def test_another_products_price_is_quiet(stack, scene):
    made = scene.subscribe()
    known = stack.stripe("GET", "/_control/events").json["events"]
    bodies = [json.loads(each["body"]) for each in known if each["id"] in made["events"]]
    [invoice] = [body for body in bodies if body["type"] == "invoice.paid"]
    text = json.dumps(invoice).replace("price_pro_monthly", "price_print_shop_poster")
    text = text.replace(invoice["id"], f"{invoice['id']}_poster").replace(invoice["data"]["object"]["id"], "in_poster")
    answer = deliver(stack, text.encode(), signed(stack, text.encode()))
    assert answer.json == {"outcome": "ignored", "reason": "other_product"}, answer.body
    assert scene.balance() == (500, 0)
