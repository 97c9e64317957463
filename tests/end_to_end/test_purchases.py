"""What was bought is what was paid for: quantities, several items, cut lists, invoices and top-ups, end to end."""

import json
import secrets
import time

import pytest
from messages import instant
from scene import PRO, Scene, deliver, signed

MONTH_S = 30 * 86_400


@pytest.fixture
def scene(stack):
    return Scene(stack)


@pytest.fixture
def customer(scene):
    """A customer of the account, whose subscription brings 500 credits."""
    return scene.subscribe()["customer"]


def unique(kind):
    return f"{kind}_{secrets.token_hex(8)}"


def tell(stack, kind, content):
    """Sends a signed event of the newest API version about an object."""
    event = {
        "id": unique("evt"),
        "object": "event",
        "type": kind,
        "created": int(time.time()),
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {"object": content},
    }
    body = json.dumps(event).encode()
    answer = deliver(stack, body, signed(stack, body))
    assert answer.status == 200, answer.body
    return answer.json["outcome"]


def line(price, amount):
    now = int(time.time())
    return {
        "id": unique("il"),
        "object": "line_item",
        "amount": amount,
        "quantity": 1,
        "period": {"start": now, "end": now + MONTH_S},
        "pricing": {"type": "price_details", "price_details": {"price": price}},
    }


def invoice(customer, paid, lines, subscription=None, *, has_more=False):
    details = {"subscription": subscription, "metadata": {}}
    return {
        "id": unique("in"),
        "object": "invoice",
        "customer": customer,
        "currency": "usd",
        "amount_paid": paid,
        "billing_reason": "subscription_cycle" if subscription else "manual",
        "parent": {"type": "subscription_details", "subscription_details": details} if subscription else None,
        "status_transitions": {"paid_at": int(time.time())},
        "lines": {"object": "list", "data": lines, "has_more": has_more},
    }


def invoice_payment(invoice_id, payment, paid):
    return {
        "id": unique("inpay"),
        "object": "invoice_payment",
        "invoice": invoice_id,
        "currency": "usd",
        "amount_paid": paid,
        "status": "paid",
        "payment": {"type": "payment_intent", "payment_intent": payment},
    }


def held_event(scene, **members):
    """The object of a pack's event that nobody has sent."""
    [event] = scene.stripe("buy_pack", account=scene.account, deliver="hold", **members)["events"]
    events = scene.stack.stripe("GET", "/_control/events").json["events"]
    body = next(json.loads(known["body"]) for known in events if known["id"] == event)
    return body["data"]["object"]


def test_three_packs_in_one_checkout_are_three_packs(stack, scene):
    session = held_event(scene, price="price_pack_100", amount=2700, currency="usd")
    bought = {
        "id": unique("li"),
        "object": "item",
        "amount_subtotal": 2700,
        "amount_total": 2700,
        "price": {"id": "price_pack_100", "object": "price"},
        "quantity": 3,
    }
    scene.stripe("list", path=f"/v1/checkout/sessions/{session['id']}/line_items", data=[bought])
    assert tell(stack, "checkout.session.completed", session) == "lookup"
    scene.becomes("three packs have landed", lambda: scene.balance() == (300, 0))
    assert len(scene.lots()) == 1
    # The hour that was promised for the credits ends without a case.
    assert stack.sweep(instant(time.time() + 3700))["failed"] == 0
    path = f"/v1/accounts/{scene.account}/refund-requests"
    assert stack.get(path, as_="support").json["refund_requests"] == []


def test_an_add_on_holds_no_renewal_back(stack, scene, customer):
    renewal = invoice(customer, 1500, [line(PRO["price"], 1000), line("price_add_on", 500)], unique("sub"))
    assert tell(stack, "invoice.paid", renewal) == "applied"
    assert scene.balance() == (1000, 0)


def test_a_pack_on_a_renewal_is_a_lot_of_its_own(stack, scene, customer):
    renewal = invoice(customer, 1900, [line(PRO["price"], 1000), line("price_pack_100", 900)], unique("sub"))
    assert tell(stack, "invoice.paid", renewal) == "applied"
    assert tell(stack, "invoice.paid", renewal) == "repeated"
    assert sorted(lot["available"] for lot in scene.lots()) == [100, 500, 500]


def test_two_plans_of_two_products_are_two_lots(stack, scene, customer):
    renewal = invoice(customer, 1800, [line(PRO["price"], 1000), line("price_assistant_plus", 800)], unique("sub"))
    assert tell(stack, "invoice.paid", renewal) == "applied"
    assert sorted(lot["available"] for lot in scene.lots()) == [500, 500, 1000]


def test_a_list_that_stripe_cuts_is_fetched(stack, scene, customer):
    prorations = [line("price_premier_monthly", amount) for _ in range(60) for amount in (600, -600)]
    for each in prorations:
        each["id"] = unique("il")
        each["parent"] = {"subscription_item_details": {"proration": True}}
    renewal = invoice(customer, 1000, prorations[:10], unique("sub"), has_more=True)
    whole = [*prorations, line(PRO["price"], 1000)]
    scene.stripe("list", path=f"/v1/invoices/{renewal['id']}/lines", data=whole)
    paid = invoice_payment(renewal["id"], unique("pi"), 1000)
    scene.stripe("list", path=f"/v1/invoice_payments?invoice={renewal['id']}", data=[paid])
    assert tell(stack, "invoice.paid", renewal) == "lookup"
    scene.becomes("the renewal has landed", lambda: scene.balance() == (1000, 0))


def test_a_pack_by_a_hosted_invoice_is_granted_by_its_link(stack, scene, customer):
    hosted, payment = invoice(customer, 3999, [line("price_pack_500", 3999)]), unique("pi")
    assert tell(stack, "invoice_payment.paid", invoice_payment(hosted["id"], payment, 3999)) == "applied"
    assert tell(stack, "invoice.paid", hosted) == "applied"
    assert scene.balance() == (1000, 0)


def test_a_checkout_with_an_invoice_brings_its_pack_once(stack, scene, customer):
    session = held_event(scene, customer=customer, price="price_pack_100", amount=900, currency="usd")
    receipt = invoice(customer, 900, [line("price_pack_100", 900)])
    link = invoice_payment(receipt["id"], session["payment_intent"], 900)
    assert tell(stack, "checkout.session.completed", session) == "applied"
    assert tell(stack, "invoice_payment.paid", link) == "applied"
    assert tell(stack, "invoice.paid", receipt) == "repeated"
    assert scene.balance() == (600, 0)
    assert len(scene.changes("granted")) == 2


def test_an_automatic_top_up_brings_its_pack_once(stack, scene, customer):
    top_up = {
        "id": unique("pi"),
        "object": "payment_intent",
        "customer": customer,
        "amount": 900,
        "amount_received": 900,
        "currency": "usd",
        "status": "succeeded",
        "metadata": {"account": scene.account, "price": "price_pack_100"},
    }
    assert tell(stack, "payment_intent.succeeded", top_up) == "applied"
    assert tell(stack, "payment_intent.succeeded", top_up) == "repeated"
    assert scene.balance() == (600, 0)
