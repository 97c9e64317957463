"""A payment is named by any name that its customer has in hand, and the list of payments says which there are."""

import json
import time

import pytest
from scene import add_customer, deliver, signed

NOTE = "I would like to have this looked at."
ASSISTANT = {"price": "price_assistant_plus", "amount": 2000, "currency": "usd"}


@pytest.fixture
def customer(stack):
    """A customer where no law beside the policy is known."""
    customer = add_customer(stack)
    customer.stripe("address", account=customer.account, country="US")
    return customer


def payments(customer, as_=None):
    """The account's payments, newest first."""
    answer = customer.stack.get(f"/v1/accounts/{customer.account}/payments", as_=as_ or customer.owner)
    assert answer.status == 200, answer.body
    return answer.json["payments"]


def event(stack, kind, **member):
    """Stripe tells of an object; the answer's outcome."""
    now = int(time.time())
    body = json.dumps({
        "id": f"evt_{kind}_{time.time_ns()}", "object": "event", "api_version": "2026-10-28.endive", "created": now,
        "livemode": False, "pending_webhooks": 1, "request": None, "type": kind, "data": {"object": member},
    }).encode()
    answer = deliver(stack, body, signed(stack, body))
    assert answer.status == 200, answer.body
    return answer.json["outcome"]


def preview(customer, name):
    """What would come of a request about the payment of this name."""
    path = f"/v1/accounts/{customer.account}/refund-requests/preview"
    body = {"reason": "changed_mind", "payment": name, "note": NOTE}
    return customer.stack.post(path, body, as_=customer.owner)


def test_s2_30_every_name_of_a_packs_payment_is_understood(stack, customer):
    payment = customer.buy()["payment"]
    receipt = f"{time.time_ns() % 10_000:04}-{time.time_ns() // 7 % 10_000:04}"
    charge = f"ch_{payment}"
    member = {"id": charge, "object": "charge", "payment_intent": payment, "receipt_number": receipt}
    assert event(stack, "charge.succeeded", **member) == "applied"
    [listed] = payments(customer)
    [session] = listed["names"]
    assert session.startswith("cs_")
    for name in (payment, session, charge, receipt, f"#{receipt}"):
        answer = preview(customer, name)
        assert answer.status == 200, (name, answer.body)
        assert answer.json["quote"]["pays"]["payment"] == payment, name
    filed = customer.file(reason="changed_mind", payment=session, note=NOTE)
    assert (filed.status, filed.json["payment"]) == (201, payment), filed.body
    assert [request["id"] for request in payments(customer)[0]["open_requests"]] == [filed.json["id"]]
    stranger = add_customer(stack)
    for name in (payment, session, charge, receipt, "pi_unknown"):
        answer = preview(stranger, name)
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (404, "#/payment"), name


def test_s2_30_a_plans_charge_is_named_by_its_payment_intent_and_its_invoices_number(stack, customer):
    made = customer.subscribe(**ASSISTANT)
    payment, invoice = made["payment"], made["invoice"]
    paid = {
        "id": f"inpay_{payment}", "object": "invoice_payment", "amount_paid": 2000, "amount_requested": 2000,
        "currency": "usd", "invoice": invoice, "is_default": True, "livemode": False, "status": "paid",
        "payment": {"type": "payment_intent", "payment_intent": payment},
    }
    assert event(stack, "invoice_payment.paid", **paid) == "applied"
    [listed] = payments(customer)
    assert (listed["payment"], listed["plan"], listed["product"]) == (invoice, "plus", "assistant"), listed
    [number] = [name for name in listed["names"] if name != invoice]
    assert listed["refund_window_until"] is not None
    for name in (invoice, payment, number, number.lower()):
        answer = preview(customer, name)
        assert answer.status == 200, (name, answer.body)
        assert answer.json["quote"]["pays"]["payment"] == invoice, name


def test_payments_are_listed_newest_first_for_the_customer_and_for_support(customer):
    first, second = customer.buy()["payment"], customer.buy()["payment"]
    listed = payments(customer)
    assert [payment["payment"] for payment in listed] == [second, first]
    assert listed == payments(customer, as_="support")
    for payment in listed:
        assert payment["amount"] == payment["refundable"] == {"amount_minor": 900, "currency": "usd"}
        assert (payment["credits"]["granted"], payment["credits"]["available"]) == (100, 100)
        assert payment["kind"] == "pack"
    path = f"/v1/accounts/{customer.account}/payments"
    assert customer.stack.get(path, as_="service").status in (403, 404)
