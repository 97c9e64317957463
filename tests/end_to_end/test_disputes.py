"""Disputes and refunds that nobody asked us for: what they do to the credits of their payment."""

import json
import secrets
import time

import pytest
from client import eventually
from scene import add_customer, deliver, signed


def tell(stack, event_type: str, stripe_object: dict, created: int) -> str:
    """Delivers an event of Stripe's and returns its outcome."""
    event = {
        "id": f"evt_{secrets.token_hex(8)}", "object": "event", "api_version": "2026-10-28.endive",
        "created": created, "livemode": False, "type": event_type, "data": {"object": stripe_object},
    }
    body = json.dumps(event).encode()
    answer = deliver(stack, body, signed(stack, body))
    assert answer.status == 200, answer.body
    return answer.json["outcome"]


class Dispute:
    """A dispute of a pack of 100 credits for 9.00 USD."""

    def __init__(self, customer) -> None:
        self.customer = customer
        self.payment = customer.buy()["payment"]
        self.id = f"du_{secrets.token_hex(6)}"
        self.second = int(time.time())

    def says(self, kind: str, status: str, *movements: int) -> None:
        """One event of the dispute, a second after the one before; movements are in cents of a euro."""
        self.second += 1
        stripe_object = {
            "id": self.id, "object": "dispute", "amount": 900, "currency": "usd", "charge": "ch_1",
            "created": self.second - 1, "payment_intent": self.payment, "reason": "fraudulent",
            "status": status, "is_charge_refundable": status.startswith("warning_") or status == "won",
            "balance_transactions": [{"amount": moved, "currency": "eur"} for moved in movements],
        }
        outcome = tell(self.customer.stack, f"charge.dispute.{kind}", stripe_object, self.second)
        assert outcome == "applied", (kind, status)

    def balance(self) -> tuple[int, int]:
        """Available and frozen."""
        answer = self.customer.stack.get(f"/v1/accounts/{self.customer.account}/credits", as_="service")
        assert answer.status == 200, answer.body
        return answer.json["available"], answer.json["frozen"]


@pytest.fixture
def customer(stack):
    return add_customer(stack)


@pytest.fixture
def dispute(customer):
    return Dispute(customer)


def test_e14_the_credits_of_a_disputed_payment_are_frozen_and_free_again_when_it_is_won(dispute):
    customer = dispute.customer
    running = customer.held(30)
    dispute.says("created", "needs_response")
    dispute.says("funds_withdrawn", "needs_response", -800)
    assert dispute.balance() == (0, 70)
    assert customer.hold(1).status == 402
    assert customer.settle(running, "release").status == 200
    assert dispute.balance() == (0, 100)
    dispute.says("closed", "won", -800)
    dispute.says("funds_reinstated", "won", -800, 800)
    assert dispute.balance() == (100, 0)
    assert [change["credits"] for change in customer.changes("frozen", "thawed")] == [70, 100]


def test_a_lost_dispute_takes_the_credits_of_its_payment_and_no_other(dispute):
    customer = dispute.customer
    customer.buy()
    dispute.says("created", "needs_response", -800)
    dispute.says("closed", "lost", -800)
    assert dispute.balance() == (100, 0)
    [charged_back] = customer.changes("charged_back")
    assert (charged_back["credits"], charged_back["debt"]) == (100, 0)


def test_e14_money_that_is_reinstated_in_part_brings_its_credits_back(dispute):
    dispute.says("created", "needs_response", -800)
    dispute.says("closed", "lost", -800)
    assert dispute.balance() == (0, 0)
    dispute.says("funds_reinstated", "lost", -800, 400)
    assert dispute.balance() == (50, 0)


def test_an_inquiry_freezes_nothing(dispute):
    dispute.says("created", "warning_needs_response")
    assert dispute.balance() == (100, 0)
    dispute.says("closed", "warning_closed")
    assert dispute.balance() == (100, 0)


def test_e11_a_refund_in_the_dashboard_takes_the_credits_that_its_money_bought(customer):
    payment = customer.buy()["payment"]
    refund = customer.stripe("dashboard_refund", payment=payment, amount=450)["refund"]
    eventually("half of the credits are gone", lambda: customer.balance() == (50, 0))
    customer.stripe("settle_refund", refund=refund, status="failed")
    eventually("they are back", lambda: customer.balance() == (100, 0))
    customer.stripe("dashboard_refund", payment=payment)
    eventually("all of them are gone", lambda: customer.balance() == (0, 0))


def test_e11_a_credit_note_to_the_balance_is_given_back_of_its_invoice(customer):
    invoice = customer.subscribe()["invoice"]
    created = int(time.time())
    note = {
        "id": f"cn_{secrets.token_hex(6)}", "object": "credit_note", "amount": 500, "currency": "usd",
        "invoice": invoice, "customer_balance_transaction": "cbtxn_1", "status": "issued",
        "type": "post_payment", "post_payment_amount": 500, "refunds": [], "created": created,
    }
    assert tell(customer.stack, "credit_note.created", note, created) == "applied"
    assert customer.balance() == (250, 0)
    assert tell(customer.stack, "credit_note.updated", note, created + 1) == "repeated"
    voided = {**note, "status": "void"}
    assert tell(customer.stack, "credit_note.voided", voided, created + 2) == "applied"
    assert customer.balance() == (500, 0)
