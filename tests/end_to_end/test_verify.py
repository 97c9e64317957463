"""`makegood verify` holds after everything that people can do with refund requests by the documented routes."""

import json
import secrets
import time

import pytest
from client import eventually
from messages import instant
from scene import DAY_S, add_customer, add_support

NOTE = "I would like to have this looked at."
PLATFORM = {"price": "price_platform_credits", "amount": 1000, "currency": "usd"}


class Walk:
    """A request of a customer, and what its people do with it by the routes of the API."""

    def __init__(self, customer, people, **body):
        self.customer, self.people = customer, people
        answer = customer.file(f"walk-{secrets.token_hex(4)}", note=NOTE, **body)
        assert answer.status == 201, answer.body
        self.id, self.state = answer.json["id"], answer.json["state"]

    def act(self, what, **body):
        """What the customer does; the state that it leads to."""
        path = f"/v1/accounts/{self.customer.account}/refund-requests/{self.id}/{what}"
        return self.after(self.customer.stack.post(path, body, as_=self.customer.owner))

    def support(self, what, person=0, **body):
        """What a support person does; the state that it leads to."""
        path = f"/v1/refund-requests/{self.id}/{what}"
        return self.after(self.customer.stack.post(path, body, as_=self.people[person]))

    def review(self, decision, person=0, **body):
        """A decision on what the person is shown."""
        shown = self.shown(self.people[person])
        body = {"decision": decision, "reason": "By the clause.", **body}
        if decision != "ask":
            body["clause"] = shown["decision"]["clauses"][0]["clause"]
        if decision in ("approve", "approve_part"):
            body["quote"] = shown["quote"]["quote"]
        return self.support("review", person, **body)

    def shown(self, person):
        """The request as `person` sees it."""
        path = f"/v1/accounts/{self.customer.account}/refund-requests/{self.id}"
        answer = self.customer.stack.get(path, as_=person)
        assert answer.status == 200, answer.body
        return answer.json

    def after(self, answer):
        """The state of the request in an answer."""
        assert answer.status == 200, answer.body
        self.state = answer.json["state"]
        return self.state

    def paid(self, payment, status):
        """Stripe settles the newest refund of the payment."""
        eventually("Stripe has the refund", lambda: self.pending(payment))
        self.customer.stack.wait_until_idle()
        [refund] = self.pending(payment)
        self.customer.stripe("settle_refund", refund=refund["id"], status=status)
        self.customer.state_becomes(self.id, "refunded" if status == "succeeded" else "failed")

    def pending(self, payment):
        """The refunds of a payment that Stripe has not settled."""
        return [refund for refund in self.customer.refunds(payment) if refund["status"] == "pending"]


@pytest.fixture
def customer(stack):
    """A customer where no law beside the policy is known."""
    customer = add_customer(stack)
    customer.stripe("address", account=customer.account, country="US")
    return customer


def test_verify_holds_after_every_documented_act(stack, customer):
    people = [add_support(stack), add_support(stack)]
    payment = customer.buy(**PLATFORM)["payment"]
    walk = Walk(customer, people, reason="changed_mind", payment=payment)
    assert walk.state == "refused"
    assert walk.act("reopening", note="Please look again.") == "in_review"
    walk.support("claim")
    walk.support("release")
    assert walk.review("ask", question="What happened?") == "needs_information"
    assert walk.act("answers", note="I clicked twice.") == "in_review"
    assert walk.review("approve") == "approved"
    walk.paid(payment, "failed")
    assert walk.act("reopening", note="The money is not there.") == "in_review"
    assert walk.review("approve", 1) == "approved"
    walk.paid(payment, "succeeded")
    assert_sound(stack)

    overdue(stack, customer, people)
    withdrawn = Walk(customer, people, reason="other", product="music-studio")
    assert withdrawn.act("withdrawal") == "withdrawn"
    assert_sound(stack)


def overdue(stack, customer, people):
    """A refund of a product whose policy says how long a bank takes, and that takes longer."""
    assistant = {"price": "price_assistant_plus", "amount": 2000, "currency": "usd"}
    made = customer.subscribe(**assistant)
    walk = Walk(customer, people, reason="changed_mind", payment=made["invoice"])
    if walk.state == "refused":
        walk.act("reopening", note="Please look again.")
    if walk.state == "in_review":
        assert walk.review("approve") == "approved"
    walk.paid(made["payment"], "succeeded")
    stack.sweep(instant(time.time() + 30 * DAY_S))
    clocks = {clock["id"]: clock["state"] for clock in walk.shown(people[0])["clocks"]}
    assert clocks["assistant-bank-time"] == "breached", json.dumps(clocks)
    walk.support("claim")
    walk.support("arrival")
    assert walk.shown(people[0])["arrival_noted_at"]
    steps = [step["state"] for step in walk.shown(people[0])["time_line"]]
    assert steps.count("refunded") == 1, steps


def assert_sound(stack):
    """No invariant is broken."""
    verified = stack.makegood("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
