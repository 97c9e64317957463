"""The business that sells through Creem: purchases, subscriptions, refunds, disputes, and events that never came."""

import json
import time

import pytest
from client import eventually
from creem_scene import PACK, PERIOD_S, CreemScene, an_hour_ago
from messages import instant
from scene import DAY_S, add_customer


@pytest.fixture
def scene(stack):
    """A customer of the 3D business."""
    return CreemScene(add_customer(stack))


@pytest.fixture
def unnamed_transactions(stack):
    """Orders name no transaction, for one test."""
    for named in (False, True):
        answer = stack.creem("POST", "/_control/settings", {"order_names_transaction": named})
        assert answer.status == 200, answer.body
        if not named:
            yield


# Purchases


def test_b1_creem_a_pack_lands_once_however_often_its_event_comes(scene):
    made = scene.buy(copies=5)
    scene.creem("release", events=made["events"], copies=3)
    scene.stack.wait_until_idle()
    assert scene.available() == 100
    [granted] = scene.customer.changes("granted")
    assert granted["credits"] == 100


@pytest.mark.usefixtures("unnamed_transactions")
def test_a_pack_whose_event_names_no_payment_is_looked_up(scene):
    made = scene.buy()
    payments = scene.stack.get(f"/v1/accounts/{scene.account}/payments", as_=scene.customer.owner).json["payments"]
    [payment] = payments
    assert (payment["payment"], payment["amount"]["amount_minor"]) == (made["transaction"], 1071)


def test_a_payment_that_names_no_account_is_linked_by_an_operator_and_another_one_is_dropped(scene):
    stack = scene.stack
    unnamed = {"metadata": {"account": ""}, "request_id": "cart-1"}
    first, second = (scene.creem("buy_once", account=scene.account, **PACK, **unnamed) for _ in range(2))
    events = [made["events"][0] for made in (first, second)]
    for event in events:
        eventually("it is parked", lambda event=event: event in stack.makegood("parked", "list").stdout)
    linked = stack.makegood("parked", "link", events[0], "--account", scene.account)
    assert (linked.returncode, "applied" in linked.stdout) == (0, True), linked.stdout + linked.stderr
    assert scene.available() == 100
    replayed = stack.makegood("parked", "replay", events[1])
    assert (replayed.returncode, "parked" in replayed.stdout) == (1, True), replayed.stdout + replayed.stderr
    dropped = stack.makegood("parked", "drop", events[1], "--reason", "a test", "--operator", "ann")
    assert (dropped.returncode, "dropped" in dropped.stdout) == (0, True), dropped.stdout + dropped.stderr
    assert scene.available() == 100


# Subscriptions


def test_a_subscription_is_renewed_and_what_happens_to_it_is_seen(scene):
    made = scene.subscribe(created=an_hour_ago() - PERIOD_S)
    subscription = made["subscription"]
    scene.becomes(subscription, "active")
    renewed = scene.creem("renew", subscription=subscription)
    scene.customer.becomes("the renewal has landed", lambda: scene.available() == 400)
    assert renewed["transaction"] != made["transaction"]
    # A period that ended unpaid ends nothing.
    moves = [
        *(("past_due", "past_due"), ("unpaid", "unpaid"), ("expired", "active"), ("paused", "paused")),
        *(("active", "active"), ("scheduled_cancel", "cancels_at_period_end"), ("canceled", "ended")),
    ]
    for second, (move, state) in enumerate(moves, an_hour_ago() + 60):
        scene.move(subscription, move, created=second)
        scene.stack.wait_until_idle()
        if move != "expired":
            scene.becomes(subscription, state)
    assert scene.available() == 400


def test_s3_16_a_customer_cancels_and_creem_learns_how(scene):
    subscription = scene.subscribe()["subscription"]
    scene.becomes(subscription, "active")
    shown = scene.customer.cancel(subscription)
    assert shown.status == 200, shown.body
    confirmed = scene.customer.cancel(subscription, shown.json["confirmation"])
    assert confirmed.status == 200, confirmed.body

    def asked() -> list[dict]:
        calls = scene.stack.creem("GET", "/_control/calls").json["calls"]
        return [call["body"] for call in calls if call["path"].endswith(f"{subscription}/cancel")]

    eventually("Creem was asked", asked)
    assert asked()[0]["mode"] == "scheduled"
    scene.becomes(subscription, "cancels_at_period_end")


# Money back


def test_e1_creem_a_refund_whose_answer_is_lost_is_made_once(scene):
    made = scene.buy()
    transaction = made["transaction"]
    request = scene.file(transaction)
    assert request["decision"]["outcome"]["recommendation"]["kind"] == "grant"
    fault = {"operation": "create_refund", "times": 1, "fault": "reset_after_acting"}
    assert scene.stack.creem("POST", "/_control/faults", fault).status == 200
    approved = scene.review(request, "approve", "pack-unused")
    assert approved["state"] == "approved"
    eventually("Creem has the refund", lambda: scene.refunds(transaction))
    scene.customer.becomes("its credits are gone", lambda: scene.available() == 0)
    # The answer is lost: what the transaction says settles it, at the latest when the sweep announces it again.
    scene.stack.sweep(instant(time.time() + DAY_S))
    scene.customer.state_becomes(request["id"], "refunded")
    [refund] = scene.refunds(transaction)
    assert refund["amount"] == 1071


def test_s3_21_a_part_is_a_persons_task_and_the_total_settles_it(scene):
    made = scene.buy()
    transaction = made["transaction"]
    generation = scene.customer.held(10, operation="model_from_image", product="image-to-3d")
    scene.customer.settle(generation, "capture")
    request = scene.file(transaction)
    part = {"amount_minor": 964, "currency": "eur"}
    approved = scene.review(request, "approve_part", "pack-partly-used", amount=part)
    assert approved["state"] == "approved"
    scene.stack.wait_until_idle()
    assert scene.refunds(transaction) == [], "no call can refund a part"
    scene.creem("outside_refund", transaction=transaction, amount=964)
    scene.customer.state_becomes(request["id"], "refunded")
    [refund] = scene.refunds(transaction)
    assert refund["amount"] == 964


def test_e11_creem_a_refund_that_creem_makes_by_itself_is_counted_and_a_persons(scene):
    made = scene.buy()
    scene.creem("outside_refund", transaction=made["transaction"], copies=2)

    def refunded() -> int:
        found = scene.stack.get(f"/v1/accounts/{scene.account}/payments", as_=scene.customer.owner)
        return found.json["payments"][0]["refunded"]["amount_minor"]

    eventually("it is counted", lambda: refunded() == 1071)
    # The text leaves the credits of such a refund to a person.
    assert scene.available() == 100


# Disputes


def test_a_dispute_freezes_and_ends_with_its_transaction(scene):
    lost, won = (scene.buy()["transaction"] for _ in range(2))
    for transaction in (lost, won):
        scene.creem("open_dispute", transaction=transaction, keeps_money=True, created=an_hour_ago())
    scene.customer.becomes("both are frozen", lambda: scene.frozen() == 200)
    scene.read_open_things()
    scene.customer.becomes("the bank has both", lambda: (scene.frozen(), scene.available()) == (0, 0))
    scene.creem("end_dispute", transaction=won, won=True)
    scene.read_open_things()
    scene.customer.becomes("one is won", lambda: (scene.frozen(), scene.available()) == (0, 100))


# Events that never came


def test_b7_creem_a_renewal_and_an_end_whose_events_are_lost_are_read(scene):
    made = scene.subscribe(created=an_hour_ago() - PERIOD_S)
    subscription = made["subscription"]
    renewed = scene.creem("renew", subscription=subscription, deliver="hold")
    assert scene.available() == 200
    status = scene.read_open_things()
    assert {"kind": "subscription", "id": subscription} in status["repaired"]
    assert scene.available() == 400
    # What comes late has no effect again, and what is known is not repaired twice.
    scene.creem("release", events=renewed["events"])
    scene.stack.wait_until_idle()
    assert subscription not in json.dumps(scene.read_open_things()["repaired"])
    assert scene.available() == 400

    scene.move(subscription, "canceled", deliver="hold")
    assert subscription in json.dumps(scene.read_open_things()["repaired"])
    assert scene.state(subscription) == "ended"


def test_the_schedule_reads_what_is_due(stack):
    stack.tick("CreemReconcileScheduleName")
    status = stack.reconcile_creem()
    assert (status["failed"], status["is_complete"]) == (0, True)
    asked = stack.makegood("reconcile", "--provider", "creem")
    assert "objects were read" in asked.stdout, asked.stdout + asked.stderr
