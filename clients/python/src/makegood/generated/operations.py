"""The API's operations. `make clients` generates this from the OpenAPI document; edits are lost."""

from __future__ import annotations

from typing import Literal, cast
from urllib.parse import quote

from ..sending import Sender
from . import models


class Operations(Sender):
    """A method for each operation. `ProblemError` says why the API refused a call."""

    def read_balance(self, account: str, *, as_of: models.Instant | None = None) -> models.Balance:
        """Balance, debt and lots."""
        answer = self._send("GET", f"/v1/accounts/{quote(account, safe='')}/credits", query={"as_of": as_of})
        return cast("models.Balance", answer)

    def read_history(
        self, account: str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.History:
        """What happened to the credits, newest first."""
        answer = self._send(
            "GET", f"/v1/accounts/{quote(account, safe='')}/entries", query={"limit": limit, "cursor": cursor}
        )
        return cast("models.History", answer)

    def list_payments(self, account: str, *, cursor: str | None = None) -> models.Payments:
        """Payments, newest first, with what is left of them and until when it can be asked for."""
        answer = self._send(
            "GET", f"/v1/accounts/{quote(account, safe='')}/payments", query={"cursor": cursor}
        )
        return cast("models.Payments", answer)

    def list_subscriptions(self, account: str) -> models.Subscriptions:
        """Subscriptions, where they stand and which credits stay."""
        answer = self._send("GET", f"/v1/accounts/{quote(account, safe='')}/subscriptions")
        return cast("models.Subscriptions", answer)

    def cancel_subscription(
        self, account: str, subscription: str, body: models.CancellationConfirmation | None = None
    ) -> models.Cancellation:
        """Show what cancelling does, and cancel."""
        answer = self._send(
            "POST",
            f"/v1/accounts/{quote(account, safe='')}/subscriptions/{quote(subscription, safe='')}/cancellation",
            body=body,
        )
        return cast("models.Cancellation", answer)

    def preview_plan_change(
        self, account: str, subscription: str, body: models.PlanChangeRequest
    ) -> models.PlanChangePreview:
        """Show what a change of plan costs and brings."""
        answer = self._send(
            "POST",
            f"/v1/accounts/{quote(account, safe='')}/subscriptions/{quote(subscription, safe='')}/change/preview",
            body=body,
        )
        return cast("models.PlanChangePreview", answer)

    def confirm_plan_change(
        self, account: str, subscription: str, body: models.PlanChangeConfirmation
    ) -> models.PlanChange:
        """Change the plan as it was shown."""
        answer = self._send(
            "POST",
            f"/v1/accounts/{quote(account, safe='')}/subscriptions/{quote(subscription, safe='')}/change",
            body=body,
        )
        return cast("models.PlanChange", answer)

    def hold_credits(self, account: str, body: models.HoldRequest) -> models.Hold:
        """Hold credits for a generation."""
        answer = self._send("POST", f"/v1/accounts/{quote(account, safe='')}/holds", body=body)
        return cast("models.Hold", answer)

    def capture_hold(
        self, account: str, generation: str, body: models.CaptureRequest | None = None
    ) -> models.Settlement:
        """The generation succeeded; its credits are spent."""
        answer = self._send(
            "POST",
            f"/v1/accounts/{quote(account, safe='')}/holds/{quote(generation, safe='')}/capture",
            body=body,
        )
        return cast("models.Settlement", answer)

    def release_hold(
        self, account: str, generation: str, body: models.ReleaseRequest | None = None
    ) -> models.Settlement:
        """The generation failed; its credits go back to the lots they came from."""
        answer = self._send(
            "POST",
            f"/v1/accounts/{quote(account, safe='')}/holds/{quote(generation, safe='')}/release",
            body=body,
        )
        return cast("models.Settlement", answer)

    def list_refund_requests(self, account: str, *, cursor: str | None = None) -> models.RefundRequests:
        """The account's requests, newest first."""
        answer = self._send(
            "GET", f"/v1/accounts/{quote(account, safe='')}/refund-requests", query={"cursor": cursor}
        )
        return cast("models.RefundRequests", answer)

    def submit_refund_request(
        self,
        account: str,
        body: models.RefundSubmission | models.RefundSubmissionBySupport,
        *,
        idempotency_key: str,
    ) -> models.RefundRequest | models.RefundRequestForSupport:
        """Ask for a refund; the answer says where it leads and why."""
        answer = self._send(
            "POST",
            f"/v1/accounts/{quote(account, safe='')}/refund-requests",
            body=body,
            headers={"Idempotency-Key": idempotency_key},
        )
        return cast("models.RefundRequest | models.RefundRequestForSupport", answer)

    def preview_refund_request(
        self, account: str, body: models.RefundSubmission | models.RefundSubmissionBySupport
    ) -> models.Preview | models.PreviewForSupport:
        """What would come of a request, which is neither filed nor kept."""
        answer = self._send(
            "POST", f"/v1/accounts/{quote(account, safe='')}/refund-requests/preview", body=body
        )
        return cast("models.Preview | models.PreviewForSupport", answer)

    def show_refund_request(
        self, account: str, id: str
    ) -> models.RefundRequest | models.RefundRequestForSupport:
        """One request with its outcome and time-line."""
        answer = self._send(
            "GET", f"/v1/accounts/{quote(account, safe='')}/refund-requests/{quote(id, safe='')}"
        )
        return cast("models.RefundRequest | models.RefundRequestForSupport", answer)

    def explain_refund_request(self, account: str, id: str) -> models.Decision:
        """Everything that the decision rests on."""
        answer = self._send(
            "GET", f"/v1/accounts/{quote(account, safe='')}/refund-requests/{quote(id, safe='')}/decision"
        )
        return cast("models.Decision", answer)

    def answer_questions(
        self, account: str, id: str, body: models.Answer | models.AnswerBySupport
    ) -> models.RefundRequest | models.RefundRequestForSupport:
        """Give what was missing; the request is decided again."""
        answer = self._send(
            "POST",
            f"/v1/accounts/{quote(account, safe='')}/refund-requests/{quote(id, safe='')}/answers",
            body=body,
        )
        return cast("models.RefundRequest | models.RefundRequestForSupport", answer)

    def withdraw_refund_request(
        self, account: str, id: str, body: models.EmptyBody | None = None
    ) -> models.RefundRequest | models.RefundRequestForSupport:
        """Take the request back, before anything is decided."""
        answer = self._send(
            "POST",
            f"/v1/accounts/{quote(account, safe='')}/refund-requests/{quote(id, safe='')}/withdrawal",
            body=body,
        )
        return cast("models.RefundRequest | models.RefundRequestForSupport", answer)

    def reopen_refund_request(
        self, account: str, id: str, body: models.Reopening
    ) -> models.RefundRequest | models.RefundRequestForSupport:
        """Ask for a person, after a refusal or a payout that failed; twice at the most."""
        answer = self._send(
            "POST",
            f"/v1/accounts/{quote(account, safe='')}/refund-requests/{quote(id, safe='')}/reopening",
            body=body,
        )
        return cast("models.RefundRequest | models.RefundRequestForSupport", answer)

    def answer_offer(
        self, account: str, id: str, offer: str, body: models.OfferAnswer
    ) -> models.RefundRequest | models.RefundRequestForSupport:
        """Accept or decline an offer; declining changes nothing else."""
        answer = self._send(
            "POST",
            f"/v1/accounts/{quote(account, safe='')}/refund-requests/{quote(id, safe='')}/offers/{quote(offer, safe='')}",
            body=body,
        )
        return cast("models.RefundRequest | models.RefundRequestForSupport", answer)

    def list_queue(
        self,
        *,
        state: Literal["in_review", "failed", "refunded"] | None = None,
        product: str | None = None,
        claimed_by: Literal["me", "none", "anyone"] | None = None,
        clock: Literal["warned", "breached"] | None = None,
        cursor: str | None = None,
    ) -> models.Queue:
        """Support's queue; the requests that wait for people, most urgent first."""
        answer = self._send(
            "GET",
            "/v1/refund-requests",
            query={
                "state": state,
                "product": product,
                "claimed_by": claimed_by,
                "clock": clock,
                "cursor": cursor,
            },
        )
        return cast("models.Queue", answer)

    def summarize_queue(self) -> models.QueueSummary:
        """How support's queue stands."""
        answer = self._send("GET", "/v1/refund-requests/summary")
        return cast("models.QueueSummary", answer)

    def show_refund_request_to_support(self, id: str) -> models.RefundRequestForSupport:
        """One request by its id alone, for support."""
        answer = self._send("GET", f"/v1/refund-requests/{quote(id, safe='')}")
        return cast("models.RefundRequestForSupport", answer)

    def record_finding(self, account: str, body: models.Finding) -> models.Recorded:
        """Record what a person found out about an account; later decisions rest on it."""
        answer = self._send("PUT", f"/v1/accounts/{quote(account, safe='')}/findings", body=body)
        return cast("models.Recorded", answer)

    def list_adjustments(self, account: str, *, cursor: str | None = None) -> models.AdjustmentList:
        """An account's adjustments, newest first."""
        answer = self._send(
            "GET", f"/v1/accounts/{quote(account, safe='')}/adjustments", query={"cursor": cursor}
        )
        return cast("models.AdjustmentList", answer)

    def submit_adjustment(
        self, account: str, body: models.AdjustmentSubmission, *, idempotency_key: str
    ) -> models.Adjustment:
        """Change an account by hand, with a clause of the policy and a reason."""
        answer = self._send(
            "POST",
            f"/v1/accounts/{quote(account, safe='')}/adjustments",
            body=body,
            headers={"Idempotency-Key": idempotency_key},
        )
        return cast("models.Adjustment", answer)

    def read_adjustment(self, account: str, id: str) -> models.Adjustment:
        """One adjustment, for support."""
        answer = self._send("GET", f"/v1/accounts/{quote(account, safe='')}/adjustments/{quote(id, safe='')}")
        return cast("models.Adjustment", answer)

    def approve_adjustment(self, account: str, id: str) -> models.Adjustment:
        """Let an adjustment take effect that waits for another person."""
        answer = self._send(
            "POST", f"/v1/accounts/{quote(account, safe='')}/adjustments/{quote(id, safe='')}/approval"
        )
        return cast("models.Adjustment", answer)

    def refuse_adjustment(self, account: str, id: str, body: models.AdjustmentRefusal) -> models.Adjustment:
        """Refuse an adjustment that waits for another person."""
        answer = self._send(
            "POST",
            f"/v1/accounts/{quote(account, safe='')}/adjustments/{quote(id, safe='')}/refusal",
            body=body,
        )
        return cast("models.Adjustment", answer)

    def list_waiting_adjustments(
        self, *, state: Literal["waiting_for_approval"] | None = None, cursor: str | None = None
    ) -> models.AdjustmentList:
        """The adjustments that wait for another person, oldest first."""
        answer = self._send("GET", "/v1/adjustments", query={"state": state, "cursor": cursor})
        return cast("models.AdjustmentList", answer)

    def read_dispute_evidence(self, dispute: str) -> models.DisputeEvidence:
        """What is on record of a disputed payment."""
        answer = self._send("GET", f"/v1/disputes/{quote(dispute, safe='')}/evidence")
        return cast("models.DisputeEvidence", answer)

    def stage_dispute_evidence(self, dispute: str, body: models.EvidenceStatement) -> models.EvidenceState:
        """Keep the evidence at Stripe, where nothing is sent yet."""
        answer = self._send("PUT", f"/v1/disputes/{quote(dispute, safe='')}/evidence", body=body)
        return cast("models.EvidenceState", answer)

    def submit_dispute_evidence(self, dispute: str, body: models.EvidenceOrder) -> models.EvidenceState:
        """Send the evidence to the bank, once."""
        answer = self._send("POST", f"/v1/disputes/{quote(dispute, safe='')}/evidence/submission", body=body)
        return cast("models.EvidenceState", answer)

    def list_outages(self, *, product: str | None = None) -> models.OutageList:
        """The outages on record, newest first."""
        answer = self._send("GET", "/v1/outages", query={"product": product})
        return cast("models.OutageList", answer)

    def record_outage(self, id: str, body: models.Outage) -> models.RecordedOutage:
        """Record or confirm an outage of a product that is over."""
        answer = self._send("PUT", f"/v1/outages/{quote(id, safe='')}", body=body)
        return cast("models.RecordedOutage", answer)

    def look_up(self, id: str, *, account: str | None = None) -> models.Lookup:
        """What an id leads to that a person has in hand, for support."""
        answer = self._send("GET", f"/v1/lookups/{quote(id, safe='')}", query={"account": account})
        return cast("models.Lookup", answer)

    def list_policies(self) -> models.PolicyList:
        """Every version of every written policy."""
        answer = self._send("GET", "/v1/policies")
        return cast("models.PolicyList", answer)

    def read_policy(self, document: str, version: str) -> models.Policy:
        """One version of a written policy with every clause."""
        answer = self._send("GET", f"/v1/policies/{quote(document, safe='')}/{quote(version, safe='')}")
        return cast("models.Policy", answer)

    def hold_back_refund_request(self, id: str, body: models.HoldBack) -> models.RefundRequestForSupport:
        """Bring a request back that is approved and not paid yet."""
        answer = self._send("POST", f"/v1/refund-requests/{quote(id, safe='')}/hold-back", body=body)
        return cast("models.RefundRequestForSupport", answer)

    def add_internal_note(self, id: str, body: models.NewInternalNote) -> models.InternalNote:
        """Write an internal note about a request."""
        answer = self._send("POST", f"/v1/refund-requests/{quote(id, safe='')}/notes", body=body)
        return cast("models.InternalNote", answer)

    def claim_refund_request(self, id: str) -> models.RefundRequestForSupport:
        """Begin to work on a request; for half an hour nobody else decides it."""
        answer = self._send("POST", f"/v1/refund-requests/{quote(id, safe='')}/claim")
        return cast("models.RefundRequestForSupport", answer)

    def note_arrival(self, id: str) -> models.RefundRequestForSupport:
        """Note that an overdue refund has reached the customer, or that it is settled otherwise."""
        answer = self._send("POST", f"/v1/refund-requests/{quote(id, safe='')}/arrival")
        return cast("models.RefundRequestForSupport", answer)

    def release_refund_request(self, id: str) -> models.RefundRequestForSupport:
        """Let go of a request; after the half hour anybody may."""
        answer = self._send("POST", f"/v1/refund-requests/{quote(id, safe='')}/release")
        return cast("models.RefundRequestForSupport", answer)

    def review_refund_request(self, id: str, body: models.Review) -> models.RefundRequestForSupport:
        """A support person's decision, with a reason and what it rests on."""
        answer = self._send("POST", f"/v1/refund-requests/{quote(id, safe='')}/review", body=body)
        return cast("models.RefundRequestForSupport", answer)
