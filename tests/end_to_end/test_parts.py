"""Invoices that several payments paid: each is refunded up to its own part."""

import time

import pytest
from client import eventually
from scene import add_customer

NOTE = "I had cancelled before this was charged."


@pytest.fixture
def customer(stack):
    """A customer with a renewal of $10 that two payments paid: $4, and later $6."""
    customer = add_customer(stack)
    made = customer.renewal_after_cancellation()
    customer.invoice = made["invoice"]
    customer.stripe("divide_invoice", invoice=customer.invoice, parts=[400, 600])
    found = stack.stripe("GET", "/_control/payments").json["payments"]
    paid = {each["amount"]: each["id"] for each in found if each["invoice"] == customer.invoice}
    customer.older, customer.newer = paid[400], paid[600]
    stack.wait_until_idle()
    return customer


def refunded(customer):
    """What Stripe has refunded of the older payment and of the newer one."""
    return tuple(
        sorted(refund["amount"] for refund in customer.refunds(payment))
        for payment in (customer.older, customer.newer)
    )


def file_for(customer, payment):
    """Files a request for everything that is left of the renewal; returns its id."""
    answer = customer.file(reason="charged_after_cancellation", payment=payment, note=NOTE)
    assert (answer.status, answer.json["state"]) == (201, "approved"), answer.body
    return answer.json["id"]


def settle(customer, request, payment):
    """Stripe settles our refund of a payment."""
    ours = [each for each in customer.refunds(payment) if each["metadata"].get("refund_request") == request]
    [refund] = ours
    customer.stripe("settle_refund", refund=refund["id"], status="succeeded")
    return refund["id"]


def test_an_invoice_that_two_payments_paid_is_refunded_whole(customer):
    # Customers see the payment on their receipt, which finds the invoice.
    request = file_for(customer, customer.newer)
    eventually("Stripe has both refunds", lambda: refunded(customer) == ([400], [600]))
    newer = settle(customer, request, customer.newer)
    customer.becomes(
        "the first part is paid", lambda: customer.request(request)["payout"]["parts"][0]["status"] == "succeeded"
    )
    assert customer.request(request)["state"] == "paying"
    older = settle(customer, request, customer.older)
    payout = customer.state_becomes(request, "refunded")["payout"]
    assert payout["amount"] == {"amount_minor": 1000, "currency": "usd"}
    parts = [(part["payment"], part["refund"], part["amount"]["amount_minor"]) for part in payout["parts"]]
    assert parts == [(customer.newer, newer, 600), (customer.older, older, 400)]
    customer.stack.wait_until_idle()
    assert refunded(customer) == ([400], [600])


def test_e12_what_the_dashboard_refunded_of_one_of_two_payments_is_not_refunded_again(customer):
    made = customer.stripe("dashboard_refund", payment=customer.older, amount=100, created=int(time.time()) - 1)
    customer.stripe("settle_refund", refund=made["refund"], status="succeeded")
    eventually("the refund counts", lambda: customer.balance()[0] < 1000 and customer.changes("revoked"))
    customer.stack.wait_until_idle()
    request = file_for(customer, customer.invoice)
    eventually("Stripe has both refunds", lambda: refunded(customer) == ([100, 300], [600]))
    for payment in (customer.newer, customer.older):
        settle(customer, request, payment)
    payout = customer.state_becomes(request, "refunded")["payout"]
    assert payout["amount"] == {"amount_minor": 900, "currency": "usd"}
    assert [part["amount"]["amount_minor"] for part in payout["parts"]] == [600, 300]
