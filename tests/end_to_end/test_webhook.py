"""Stripe's events through the deployed API: signatures, repeats, order, and what is not understood."""

import json
import time

import pytest
from scene import PACK, PRO, Scene, at_once, deliver, signed


@pytest.fixture
def scene(stack):
    return Scene(stack)


@pytest.fixture
def purchase(scene):
    """The exact body of a genuine event that nobody has sent yet."""
    [event] = scene.stripe("buy_pack", account=scene.account, **PACK, deliver="hold")["events"]
    known = scene.stack.stripe("GET", "/_control/events").json["events"]
    return next(known["body"].encode() for known in known if known["id"] == event)


def assert_refused(answer):
    assert (answer.status, answer.json["type"]) == (400, "urn:makegood:problem:invalid-signature"), answer.body


def test_a_body_signed_with_another_secret_is_refused(stack, scene, purchase):
    assert_refused(deliver(stack, purchase, signed(stack, purchase, secret="whsec_of_somebody_else")))
    assert scene.balance() == (0, 0)


@pytest.mark.parametrize(
    "changed",
    [lambda body: body.replace(b"900", b"901", 1), lambda body: body + b"\n", lambda body: b"\xef\xbb\xbf" + body],
    ids=["one_byte", "trailing_newline", "byte_order_mark"],
)
def test_a6_a_changed_body_is_refused(stack, scene, purchase, changed):
    assert changed(purchase) != purchase
    assert_refused(deliver(stack, changed(purchase), signed(stack, purchase)))
    assert scene.balance() == (0, 0)


@pytest.mark.parametrize("header", [None, "", "t=NaN,v1=00", "v1=00"])
def test_a7_a_header_that_is_no_signature_is_refused(stack, purchase, header):
    headers = {"content-type": "application/json"} | ({} if header is None else {"stripe-signature": header})
    assert_refused(stack.post("/v1/webhooks/stripe", purchase, headers=headers))


def test_a14_a_replay_after_the_tolerance_is_refused(stack, scene, purchase):
    assert_refused(deliver(stack, purchase, signed(stack, purchase, at=time.time() - 310)))
    assert scene.balance() == (0, 0)


def test_a13_a_replayed_request_has_one_effect(stack, scene, purchase):
    signature = signed(stack, purchase)
    answers = [deliver(stack, purchase, signature) for _ in range(5)]
    answers += at_once(15, lambda _: deliver(stack, purchase, signature))
    assert {answer.status for answer in answers} == {200}
    assert scene.balance() == (100, 0)
    assert len(scene.changes("granted")) == 1


def test_b1_twenty_copies_at_once_make_one_entry(stack, scene, purchase):
    answers = at_once(20, lambda _: deliver(stack, purchase, signed(stack, purchase)))
    assert {answer.status for answer in answers} == {200}
    assert len(scene.changes("granted")) == 1


def test_a10_a_base64_encoded_body_is_verified_over_its_bytes(stack, scene, purchase):
    answer = deliver(stack, purchase, signed(stack, purchase), content_type="application/octet-stream")
    assert answer.status == 200, answer.body
    assert scene.balance() == (100, 0)


def test_a10_bytes_that_are_not_utf8_are_parked(stack):
    name = f"evt_{int(time.time() * 1000)}".encode()
    body = b'{"id":"' + name + b'","object":"event","note":"\xff\xfe"}'
    answer = deliver(stack, body, signed(stack, body), content_type="application/octet-stream")
    assert (answer.status, answer.json["outcome"]) == (200, "parked"), answer.body
    assert "unreadable" in stack.makegood("parked", "list").stdout


def test_a_parked_invoice_is_replayed_once_its_customer_is_known(stack, scene):
    # Two hours old, so that Stripe is not asked to send it again; its checkout, which links the customer, is held.
    made = scene.stripe(
        "subscribe", account=scene.account, **PRO, created=int(time.time()) - 7_200, deliver="hold"
    )
    bodies = {each["id"]: each["body"].encode() for each in stack.stripe("GET", "/_control/events").json["events"]}
    checkout, *others = made["events"]
    [invoice] = [event for event in others if json.loads(bodies[event])["type"] == "invoice.paid"]
    answer = deliver(stack, bodies[invoice], signed(stack, bodies[invoice]))
    assert (answer.status, answer.json["outcome"]) == (200, "parked"), answer.body
    waiting = stack.makegood("parked", "replay", invoice)
    assert (waiting.returncode, "account_unknown" in waiting.stdout) == (1, True), waiting.stdout + waiting.stderr

    answer = deliver(stack, bodies[checkout], signed(stack, bodies[checkout]))
    assert answer.json["outcome"] == "applied", answer.body
    replayed = stack.makegood("parked", "replay", invoice)
    assert (replayed.returncode, "applied" in replayed.stdout) == (0, True), replayed.stdout + replayed.stderr
    assert scene.balance() == (500, 0)
    assert invoice not in stack.makegood("parked", "list").stdout
    again = stack.makegood("parked", "replay", invoice)
    assert (again.returncode, "not_parked" in again.stdout) == (0, True), again.stdout + again.stderr
    answer = deliver(stack, bodies[invoice], signed(stack, bodies[invoice]))
    assert answer.json["outcome"] == "repeated", answer.body
    assert len(scene.changes("granted")) == 1


def test_all_parked_events_are_asked_for_and_what_stays_is_listed(stack):
    body = json.dumps({"id": f"evt_{time.time_ns()}", "object": "event"}).encode()
    assert deliver(stack, body, signed(stack, body)).json["outcome"] == "parked"
    replayed = stack.makegood("parked", "replay", "--all")
    assert (replayed.returncode, "unreadable" in replayed.stdout) == (1, True), replayed.stdout + replayed.stderr


def test_only_the_function_itself_can_be_asked_for_a_replay(stack, purchase):
    asked = json.dumps({"replay": {"event": "evt_1"}}).encode()
    for body in (asked, purchase):
        assert_refused(stack.post("/v1/webhooks/stripe", body, headers={"content-type": "application/json"}))


def test_a11_an_event_of_test_mode_turned_live_is_ignored(stack, scene, purchase):
    event = json.loads(purchase)
    event["livemode"] = True
    body = json.dumps(event).encode()
    answer = deliver(stack, body, signed(stack, body))
    assert (answer.status, answer.json["outcome"]) == (200, "ignored"), answer.body
    assert scene.balance() == (0, 0)


def test_b10_an_unknown_type_is_ignored_and_unknown_fields_change_nothing(stack, scene, purchase):
    event = json.loads(purchase)
    unknown = json.dumps({**event, "id": f"{event['id']}_of_another_type", "type": "shipping.label.printed"}).encode()
    answer = deliver(stack, unknown, signed(stack, unknown))
    assert (answer.status, answer.json["outcome"]) == (200, "ignored"), answer.body

    event["surprise"] = event["data"]["object"]["surprise"] = {"deep": [{"er": None}]}
    body = json.dumps(event).encode()
    answer = deliver(stack, body, signed(stack, body))
    assert (answer.status, answer.json["outcome"]) == (200, "applied"), answer.body
    assert scene.balance() == (100, 0)


@pytest.mark.parametrize("shape", ["endive", "2024-06-20"])
def test_both_shapes_grant_the_same(scene, shape):
    scene.buy(shape=shape)
    scene.subscribe(shape=shape)
    assert [(lot["kind"], lot["granted"]) for lot in scene.lots()] == [("pack", 100), ("subscription", 500)]


def test_the_events_of_a_purchase_in_reverse_order_grant_the_same(scene):
    made = scene.stripe("subscribe", account=scene.account, **PRO, deliver="hold")
    scene.stripe("release", events=made["events"], order="reversed")
    scene.becomes("the credits have landed", lambda: scene.balance() == (500, 0))
    assert [lot["kind"] for lot in scene.lots()] == ["subscription"]


def test_b5_the_end_of_a_subscription_before_its_last_invoice(scene):
    ended_at = int(time.time()) - 60
    subscription = scene.subscribe(created=ended_at - 86_400)["subscription"]
    renewal = scene.stripe("renew", subscription=subscription, charged_at=ended_at - 30, deliver="hold")
    scene.stripe("end", subscription=subscription, ended_at=ended_at)
    scene.becomes("the clock runs", lambda: scene.lots()[0]["expires_at"])
    scene.stripe("release", events=renewal["events"])
    scene.becomes("the last period has landed", lambda: len(scene.lots()) == 2)
    first, last = scene.lots()
    assert first["expires_at"] == last["expires_at"]
