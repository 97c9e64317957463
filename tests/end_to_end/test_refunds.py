"""Refund requests to their end: paid exactly once, whatever Stripe and the functions do on the way."""

import json
import os
import signal
import time

import pytest
from client import eventually
from lambda_processes import processes_of
from messages import instant
from scene import DAY_S, add_customer, add_support, at_once, reviewed

NOTE = "I had cancelled before this was charged."


@pytest.fixture
def customer(stack):
    """A customer without purchases."""
    return add_customer(stack)


@pytest.fixture
def quick_redelivery(stack):
    """A payout that was not made is tried again after a second, and not after minutes."""
    stack.set_visibility("Payout", 1)
    yield
    stack.stripe("POST", "/_control/clear_faults")
    stack.set_visibility("Payout", 360)


def file_for(customer, key="request"):
    """Files a request that the policy approves by itself; returns payment and request."""
    made = customer.renewal_after_cancellation()
    answer = customer.file(key, reason="charged_after_cancellation", payment=made["invoice"], note=NOTE)
    assert (answer.status, answer.json["state"]) == (201, "approved"), answer.body
    return made["payment"], answer.json["id"]


def paid_once(customer, payment, amount=1000):
    """The one refund of the payment, once nothing is left to be done."""
    eventually("Stripe has the refund", lambda: customer.refunds(payment))
    customer.stack.wait_until_idle()
    [refund] = customer.refunds(payment)
    assert refund["amount"] == amount
    return refund


def finish(customer, request, refund):
    """Stripe settles the refund, and the request is refunded."""
    customer.stripe("settle_refund", refund=refund["id"], status="succeeded")
    return customer.state_becomes(request, "refunded")


@pytest.mark.usefixtures("quick_redelivery")
@pytest.mark.parametrize("fault", ["reset_after_acting", "timeout_after_acting"])
def test_e1_a_payout_whose_answer_was_lost_is_paid_once(customer, fault):
    customer.stripe("faults", fault=fault, operation="create_refund")
    payment, request = file_for(customer)
    refund = paid_once(customer, payment)
    finish(customer, request, refund)
    assert len(customer.refunds(payment)) == 1


@pytest.mark.usefixtures("quick_redelivery")
@pytest.mark.parametrize(
    "fault",
    [{"fault": "reset_before_acting"}, {"fault": "rate_limited", "retry_after_s": 1}, {"fault": "unavailable"}],
    ids=lambda fault: fault["fault"],
)
def test_e5_a_payout_that_stripe_did_not_take_is_tried_again(customer, fault):
    customer.stripe("faults", **fault, operation="create_refund", times=2)
    payment, request = file_for(customer)
    finish(customer, request, paid_once(customer, payment))


@pytest.mark.usefixtures("quick_redelivery")
@pytest.mark.parametrize("fault", ["timeout_before_acting", "timeout_after_acting"])
def test_a_payout_whose_function_is_killed_while_it_asks_stripe_is_paid_once(stack, customer, fault):
    calls = refund_calls(stack)
    customer.stripe("faults", fault=fault, operation="create_refund")
    payment, request = file_for(customer)
    eventually("Stripe is being asked", lambda: refund_calls(stack) > calls)
    for process in processes_of(stack, "RefundPayout"):
        os.kill(process, signal.SIGKILL)
    finish(customer, request, paid_once(customer, payment))


# The first attempt may still run when the sweep's message comes, which is then put back for the queue's pause.
@pytest.mark.usefixtures("quick_redelivery")
def test_a_payout_whose_message_is_lost_is_sent_again_by_the_sweep(stack, customer):
    calls = refund_calls(stack)
    customer.stripe("faults", fault="unavailable", operation="create_refund", times=50)
    payment, request = file_for(customer)
    eventually("Stripe has been asked", lambda: refund_calls(stack) > calls)
    stack.aws("sqs").purge_queue(QueueUrl=stack.queue_url("Payout"))
    stack.wait_until_idle()
    customer.stripe("clear_faults")
    assert customer.refunds(payment) == []
    become_due(stack, request)
    status = stack.sweep(instant(time.time()))
    assert (status["done"] > 0, status["failed"]) == (True, 0), status
    finish(customer, request, paid_once(customer, payment))


def test_s3_18_a_plan_that_stripe_does_not_end_at_first_is_ended_by_the_sweep(stack, customer):
    subscription = customer.subscribe(created=int(time.time()) - 31 * DAY_S)["subscription"]
    customer.becomes("the subscription is known", customer.subscriptions)
    shown = customer.cancel(subscription).json
    assert customer.cancel(subscription, shown["confirmation"]).status == 200
    made = customer.stripe("renew", subscription=subscription, charged_at=int(time.time()) + 5)
    customer.becomes("the renewal has landed", lambda: len(customer.lots()) == 2)
    calls = end_calls(stack)
    customer.stripe("faults", fault="unavailable", operation="end_subscription", times=50)
    answer = customer.file("late", reason="charged_after_cancellation", payment=made["invoice"], note=NOTE)
    request = answer.json["id"]
    eventually("Stripe has been asked to end the plan", lambda: end_calls(stack) > calls)
    stack.aws("sqs").purge_queue(QueueUrl=stack.queue_url("Payout"))
    stack.wait_until_idle()
    customer.stripe("clear_faults")
    finish(customer, request, paid_once(customer, made["payment"]))
    assert [each["state"] for each in customer.subscriptions()] == ["cancels_at_period_end"]
    # Its clocks are looked at first, so that nothing but the plan is due.
    stack.sweep(instant(time.time() + 60))
    become_due(stack, request)
    status = stack.sweep(instant(time.time()))
    assert (status["done"] > 0, status["failed"]) == (True, 0), status
    customer.becomes("the plan has ended", lambda: customer.subscriptions()[0]["state"] == "ended")


def test_e7_a_payout_that_stripe_declines_gives_the_credits_back(customer):
    customer.stripe("faults", fault="decline", code="charge_disputed", operation="create_refund")
    payment, request = file_for(customer)
    failed = customer.state_becomes(request, "failed")
    assert failed["payout"]["failure"] == "charge_disputed"
    assert customer.refunds(payment) == []
    assert [(lot["lot"], lot["available"]) for lot in customer.lots()] == [(1, 500), (2, 500)]


def test_e9_a_refund_that_fails_later_gives_the_credits_back(customer):
    payment, request = file_for(customer)
    assert [lot["lot"] for lot in customer.lots()] == [1]
    refund = paid_once(customer, payment)
    customer.stripe("settle_refund", refund=refund["id"], status="failed", failure_reason="lost_or_stolen_card")
    failed = customer.state_becomes(request, "failed")
    assert failed["payout"]["failure"] == "lost_or_stolen_card"
    assert [(lot["lot"], lot["available"]) for lot in customer.lots()] == [(1, 500), (2, 500)]
    assert [change["credits"] for change in customer.changes("revoked", "restored")] == [500, 500]


def test_e10_a_refund_that_fails_after_it_had_succeeded_gives_the_credits_back_once(customer):
    payment, request = file_for(customer)
    refund = paid_once(customer, payment)
    finish(customer, request, refund)
    customer.stripe("settle_refund", refund=refund["id"], status="failed", copies=3)
    customer.state_becomes(request, "failed")
    assert [(lot["lot"], lot["available"]) for lot in customer.lots()] == [(1, 500), (2, 500)]
    assert len(customer.changes("restored")) == 1


def test_d8_fifty_identical_requests_at_once_are_one_refund(customer):
    made = customer.renewal_after_cancellation()
    body = {"reason": "charged_after_cancellation", "payment": made["invoice"], "note": NOTE}
    answers = at_once(50, lambda _: customer.file("double-click", **body))
    assert {answer.status for answer in answers} <= {201, 409}
    [request] = {answer.json["id"] for answer in answers if answer.status == 201}
    finish(customer, request, paid_once(customer, made["payment"]))
    assert len(customer.changes("revoked")) == 1


def test_d9_fifty_different_requests_at_once_never_pay_more_than_was_paid(customer):
    made = customer.renewal_after_cancellation()
    body = {"reason": "charged_after_cancellation", "payment": made["invoice"], "note": NOTE}
    answers = at_once(50, lambda number: customer.file(f"request-{number}", **body))
    approved = [answer.json for answer in answers if answer.json.get("state") == "approved"]
    assert len(approved) == 1, [answer.body for answer in answers]
    finish(customer, approved[0]["id"], paid_once(customer, made["payment"]))
    assert len(customer.changes("revoked")) == 1


def test_a_refund_made_in_the_dashboard_counts_on_its_payment(customer):
    # An older API version, whose events name the invoice's payment.
    payment = customer.renewal_after_cancellation(shape="2024-06-20")["payment"]
    refund = customer.stripe("dashboard_refund", payment=payment, amount=400)["refund"]
    customer.stripe("settle_refund", refund=refund, status="succeeded")
    eventually("Stripe's events are taken", lambda: deliveries_are_done(customer.stack))
    answer = customer.file(reason="charged_after_cancellation", payment=payment, note=NOTE)
    assert answer.json["payout"]["amount"] == {"amount_minor": 600, "currency": "usd"}, answer.body
    eventually("Stripe has both refunds", lambda: len(customer.refunds(payment)) == 2)
    assert sorted(refund["amount"] for refund in customer.refunds(payment)) == [400, 600]


class TestReview:
    """A pack that has landed and is not spent: the rules disagree, so a person decides."""

    @pytest.fixture
    def case(self, stack, customer):
        payment = customer.buy()["payment"]
        answer = customer.file(reason="changed_mind", payment=payment, note="bought by mistake")
        assert (answer.status, answer.json["state"]) == (201, "in_review"), answer.body
        customer.payment, customer.case = payment, answer.json["id"]
        return customer

    @staticmethod
    def review(case, as_="support", **body):
        """A review that cites a clause, and carries the quote that its reviewer is shown."""
        return reviewed(case.stack, case.case, {"clause": "pack-final-once-spent", **body}, as_)

    def test_a_part_is_approved_and_paid(self, case):
        amount = {"amount_minor": 300, "currency": "usd"}
        answer = self.review(case, decision="approve_part", amount=amount, reason="a third as goodwill")
        assert (answer.status, answer.json["state"]) == (200, "approved"), answer.body
        assert answer.json["payout"]["amount"] == amount
        finish(case, case.case, paid_once(case, case.payment, 300))
        again = self.review(case, decision="approve", reason="all of it")
        assert again.status == 409

    def test_it_is_refused_with_a_reason(self, case):
        answer = self.review(case, decision="refuse", reason="the credits have landed")
        assert (answer.status, answer.json["state"]) == (200, "refused"), answer.body
        [review] = answer.json["reviews"]
        assert (review["reason"], review["override"]) == ("the credits have landed", True)
        assert "reviews" not in case.request(case.case)
        assert case.balance() == (100, 0)
        assert case.refunds(case.payment) == []

    @pytest.mark.parametrize("amount_minor", [0, 901, 10**12])
    def test_d6_an_amount_that_is_not_within_the_payment_is_refused(self, case, amount_minor):
        amount = {"amount_minor": amount_minor, "currency": "usd"}
        answer = self.review(case, decision="approve_part", amount=amount, reason="generous")
        assert answer.status == 422, answer.body
        assert case.request(case.case)["state"] == "in_review"

    def test_d15_nobody_reviews_a_request_of_their_own(self, stack, case):
        helper = add_support(stack)
        body = {"reason": "accidental_purchase", "payment": case.payment, "note": "they called"}
        body["requested_from_account"] = True
        answer = case.file("by-support", as_=helper, **body)
        assert (answer.status, answer.json["state"]) == (201, "in_review"), answer.body
        case.case = answer.json["id"]
        assert self.review(case, as_=helper, decision="approve", reason="mine").status == 403
        assert self.review(case, decision="refuse", reason="not theirs to ask").status == 200


def refund_calls(stack):
    """How often Stripe was asked for a refund."""
    calls = stack.stripe("GET", "/_control/calls").json["calls"]
    return sum((call["method"], call["path"]) == ("POST", "/v1/refunds") for call in calls)


def end_calls(stack):
    """How often Stripe was asked to end a subscription at once."""
    calls = stack.stripe("GET", "/_control/calls").json["calls"]
    return sum(call["method"] == "DELETE" for call in calls)


def become_due(stack, request):
    """Makes the sweep's look at a payout due, as it is ten minutes after its last attempt."""
    [item] = [item for item in stack.items("Requests") if item["pk"]["S"] == f"REQUEST#{request}"]
    due_at = int(time.time() * 1000) - 1000
    body = json.loads(item["body"]["S"])
    assert body["due_at"] == int(item["due_at"]["N"])
    item["body"]["S"] = json.dumps({**body, "due_at": due_at})
    item["due_at"]["N"] = str(due_at)
    stack.aws("dynamodb").put_item(TableName=stack.state["outputs"]["RequestsTableName"], Item=item)


def deliveries_are_done(stack):
    """Whether the stand-in has nothing more to send."""
    return stack.stripe("GET", "/_control/deliveries").json["in_flight"] == 0
