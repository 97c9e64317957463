"""The evidence of a dispute: read from the record, kept at Stripe, and submitted once by a person."""

import pytest
from client import Answer
from scene import Scene, add_customer, add_support


class DisputedPack:
    """A customer's pack that the bank disputes, and a support person who works on it."""

    def __init__(self, stack) -> None:
        self.stack = stack
        self.customer: Scene = add_customer(stack)
        self.agent = add_support(stack)
        self.payment = self.customer.buy()["payment"]

    def open(self, **members) -> str:
        """The bank opens a dispute; returns when the credits are frozen, or at once for an inquiry."""
        made = self.customer.stripe("open_dispute", payment=self.payment, **members)
        self.dispute = made["dispute"]
        if not members.get("inquiry"):
            self.customer.becomes("the credits are frozen", lambda: self.customer.balance()[0] == 0)
        return self.dispute

    def read(self, **options) -> Answer:
        return self.stack.get(f"/v1/disputes/{self.dispute}/evidence", **{"as_": self.agent, **options})

    def stage(self, statement: str) -> Answer:
        path = f"/v1/disputes/{self.dispute}/evidence"
        return self.stack.call("PUT", path, {"statement": statement}, as_=self.agent)

    def submit(self, digest: str) -> Answer:
        path = f"/v1/disputes/{self.dispute}/evidence/submission"
        return self.stack.post(path, {"digest": digest}, as_=self.agent)

    def at_stripe(self) -> dict:
        """The dispute as the stand-in has it."""
        disputes = self.stack.stripe("GET", "/_control/disputes").json["disputes"]
        [found] = [dispute for dispute in disputes if dispute["id"] == self.dispute]
        return found


@pytest.fixture
def pack(stack):
    return DisputedPack(stack)


def field(evidence: dict, name: str) -> str:
    return next(each["text"] for each in evidence["fields"] if each["field"] == name)


def test_evidence_is_read_staged_and_submitted_once_and_the_dispute_is_won(pack):
    customer = pack.customer
    song = customer.held(30)
    assert customer.settle(song, "capture").status == 200
    filed = customer.file(reason="changed_mind", payment=pack.payment, note="My secret prompt.")
    assert filed.status == 201, filed.body
    pack.open(reason="product_not_received")

    answer = pack.read()
    assert answer.status == 200, answer.body
    evidence = answer.json
    [purchase] = evidence["document"]["purchases"]
    assert purchase["payment"] == pack.payment
    assert purchase["usage"]["total"] == {
        "generations": 1, "unusable": 0, "failed": 0, "credits_used": 30, "credits_given_back": 0,
    }
    assert purchase["policy"]["document"] == "music-studio"
    assert "asked" in [contact["what"] for contact in evidence["document"]["contacts"]]
    assert "1 generation used 30 credits" in field(evidence, "access_activity_log")
    assert evidence["at_stripe"]["takes_evidence"]
    assert b"secret prompt" not in answer.body
    text = pack.read(headers={"accept": "text/markdown"})
    assert text.headers["content-type"].startswith("text/markdown"), text.headers
    assert text.body.decode().startswith(f"# Evidence for dispute {pack.dispute}")

    staged = pack.stage("The customer downloaded the song on the day of the purchase.")
    assert staged.status == 200, staged.body
    assert pack.at_stripe()["status"] == "needs_response"
    assert pack.at_stripe()["evidence"]["uncategorized_text"].startswith("The customer downloaded")

    # What was read before the statement is not what would be sent.
    assert pack.submit(evidence["digest"]).status == 409
    digest = staged.json["digest"]
    submitted = pack.submit(digest)
    assert submitted.status == 200, submitted.body
    [recorded] = submitted.json["submissions"]
    assert (recorded["state"], recorded["by"]) == ("submitted", pack.stack.account(pack.agent))
    again = pack.submit(digest)
    assert (again.status, again.json["type"]) == (409, "urn:makegood:problem:state-conflict")
    assert (pack.at_stripe()["submission_count"], pack.at_stripe()["status"]) == (1, "under_review")

    customer.stripe("close_dispute", dispute=pack.dispute, result="won")
    customer.becomes("the credits are free again", lambda: customer.balance() == (70, 0))
    assert pack.read().json["at_stripe"]["closed_because"] == "the dispute is over"


def test_a_lost_answer_leads_to_one_submission(pack):
    pack.open()
    digest = pack.read().json["digest"]
    pack.customer.stripe("faults", fault="server_error", acts=True, operation="update_dispute")
    assert pack.submit(digest).status == 503
    assert pack.submit(digest).status == 200
    assert pack.submit(digest).status == 409
    assert pack.at_stripe()["submission_count"] == 1


def test_evidence_is_for_support_alone(pack):
    pack.open(inquiry=True)
    assert pack.customer.balance() == (100, 0)
    assert pack.read(as_=pack.customer.owner).status == 403
    assert pack.read(as_="service").status == 403
    assert pack.stack.get("/v1/disputes/du_unknown/evidence", as_=pack.agent).status == 404
