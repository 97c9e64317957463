"""Cases of what Stripe reports: each dispute, fraud warning and outside refund, and what people decide about it."""

import secrets
import time

import pytest
from client import eventually
from messages import instant
from scene import DAY_S, add_customer, add_support, reviewed
from test_businesses import THREE_D_PACK
from test_disputes import tell


@pytest.fixture
def customer(stack):
    return add_customer(stack)


@pytest.fixture
def support(stack):
    return add_support(stack)


class Reported:
    """What Stripe reports of one pack of 100 credits for 9.00 USD."""

    def __init__(self, customer, **pack) -> None:
        self.customer, self.stack = customer, customer.stack
        self.payment = customer.buy(**pack)["payment"]
        self.dispute, self.warning = (f"{kind}_{secrets.token_hex(6)}" for kind in ("du", "issfr"))
        self.second = int(time.time())
        self.due_at = self.second + 9 * DAY_S

    def disputed(self, kind: str, status: str, *movements: int) -> None:
        self.second += 1
        tell(self.stack, f"charge.dispute.{kind}", {
            "id": self.dispute, "object": "dispute", "amount": 900, "currency": "usd", "charge": "ch_1",
            "created": self.second - 1, "payment_intent": self.payment, "reason": "fraudulent",
            "status": status, "is_charge_refundable": status.startswith("warning_") or status == "won",
            "balance_transactions": [{"amount": moved, "currency": "usd"} for moved in movements],
            "evidence_details": {"due_by": self.due_at},
        }, self.second)

    def warned(self, kind: str, actionable: bool) -> None:
        self.second += 1
        assert tell(self.stack, f"radar.early_fraud_warning.{kind}", {
            "id": self.warning, "object": "radar.early_fraud_warning", "actionable": actionable, "charge": "ch_1",
            "created": self.second, "fraud_type": "misc", "payment_intent": self.payment,
        }, self.second) == "applied"

    def cases(self, as_: str) -> list[dict]:
        """The account's requests after the sweep has looked."""
        assert self.stack.sweep(instant(time.time() + 30))["failed"] == 0
        path = f"/v1/accounts/{self.customer.account}/refund-requests"
        return self.stack.get(path, as_=as_).json["refund_requests"]

    def case(self, support: str, state: str = "in_review") -> dict:
        """The one case as support sees it, once it is in `state`."""
        def found():
            cases = self.cases(support)
            return cases if [each["state"] for each in cases] == [state] else None

        [case] = eventually(f"the case is {state}", found)
        answer = self.stack.get(f"/v1/accounts/{self.customer.account}/refund-requests/{case['id']}", as_=support)
        assert answer.status == 200, answer.body
        return answer.json


def waiting_for(stack, support: str) -> list[dict]:
    """Everything in support's queue of the service for models."""
    waiting, cursor = [], ""
    while cursor is not None:
        page = stack.get(f"/v1/refund-requests?product=image-to-3d{cursor}", as_=support).json
        waiting += page["refund_requests"]
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
    return waiting


def test_an_inquiry_is_ended_by_a_refund_that_a_person_approves(customer, support):
    reported = Reported(customer)
    reported.disputed("created", "warning_needs_response")
    case = reported.case(support)
    assert (case["reason"], case["occasion"]["id"]) == ("payment_disputed", reported.dispute)
    assert "ends the inquiry" in case["occasion"]["advice"][0]
    assert case["disputes"][0]["evidence_due_at"] == instant(reported.due_at)
    # The customer knows nothing of it.
    assert reported.cases(customer.owner) == []
    path = f"/v1/accounts/{customer.account}/refund-requests/{case['id']}"
    assert customer.stack.get(path, as_=customer.owner).status == 404
    body = {
        "decision": "approve", "reason": "It ends the inquiry.", "outside_policy": "goodwill",
        "quote": case["quote"]["quote"],
    }
    approved = reviewed(customer.stack, case["id"], body, support)
    assert (approved.status, approved.json["state"]) == (200, "approved"), approved.body
    [refund] = eventually("Stripe has the refund", lambda: customer.refunds(reported.payment))
    assert refund["amount"] == 900
    customer.stripe("settle_refund", refund=refund["id"], status="succeeded")
    reported.case(support, "refunded")
    reported.disputed("closed", "warning_closed")
    assert reported.case(support, "refunded")["disputes"][0]["status"] == "warning_closed"
    assert len(customer.refunds(reported.payment)) == 1


def test_e16_a_fraud_warning_and_the_dispute_after_it_pay_nothing_twice(customer, support):
    reported = Reported(customer)
    reported.warned("created", True)
    case = reported.case(support)
    assert case["occasion"]["kind"] == "fraud_warning"
    assert case["decision"]["outcome"]["recommendation"]["kind"] == "grant", case["decision"]
    assert case["occasion"]["dispute_fee"]["amount"] == {"amount_minor": 1500, "currency": "usd"}
    reported.disputed("funds_withdrawn", "needs_response", -900)
    body = {
        "decision": "approve", "reason": "Before a dispute.", "outside_policy": "goodwill",
        "quote": case["quote"]["quote"],
    }
    late = reviewed(customer.stack, case["id"], body, support)
    assert late.status == 409, late.body
    assert customer.refunds(reported.payment) == []
    reported.warned("updated", False)

    def settled():
        states = {each["reason"]: each["state"] for each in reported.cases(support)}
        return states == {"fraud_warning": "settled", "payment_disputed": "in_review"}

    eventually("the warning is over and the dispute is open", settled)


def test_s3_28_a_dispute_of_delivered_services_shows_its_day_and_its_measures(customer, support):
    reported = Reported(customer, **THREE_D_PACK)
    reported.disputed("created", "needs_response")
    reported.disputed("funds_withdrawn", "needs_response", -900)
    case = reported.case(support)
    assert (case["quote"], case["credits_frozen"]) == (None, 100)
    [clock] = case["clocks"]
    assert (clock["id"], clock["state"], clock["due_at"]) == ("evidence", "running", instant(reported.due_at))
    measures = {each["measure"]: each for each in case["occasion"]["measures"]}
    assert measures["suspend"] == {"measure": "suspend", "recommended": True, "missing": []}
    assert measures["recover_fee"]["missing"] == ["fee_recovery_lawful"]
    [waiting] = [each for each in waiting_for(customer.stack, support) if each["id"] == case["id"]]
    assert (waiting["reason"], waiting["clock"]["id"]) == ("payment_disputed", "evidence")
    reported.disputed("closed", "won", -900)
    assert reported.case(support, "settled")["disputes"][0]["status"] == "won"
    assert customer.balance() == (100, 0)


def test_e11_a_person_takes_the_credits_of_a_dashboard_refund_back_until_it_fails(customer, support):
    reported = Reported(customer, **THREE_D_PACK)
    refund = customer.stripe("dashboard_refund", payment=reported.payment, amount=450)["refund"]
    case = reported.case(support)
    assert (case["reason"], case["occasion"]["takes_back"]) == ("refunded_outside", {"credits": 50, "debt": 0})
    assert customer.balance() == (100, 0)
    taken = reviewed(customer.stack, case["id"], {"decision": "take_back", "reason": "Agreed by mail."}, support)
    assert (taken.status, taken.json["state"]) == (200, "settled"), taken.body
    assert customer.balance() == (50, 0)
    customer.stripe("settle_refund", refund=refund, status="failed")

    def put_back():
        reported.cases(support)
        return customer.balance() == (100, 0)

    eventually("what was taken is back", put_back)
    assert reported.case(support, "settled")["occasion"]["taken_back"] is None
