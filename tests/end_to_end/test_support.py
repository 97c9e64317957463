"""What support reads beside the queue: one request by its id, and how the queue stands."""

import pytest
from scene import add_customer, add_support


@pytest.fixture
def customer(stack):
    return add_customer(stack)


@pytest.fixture
def request_in_review(customer):
    """A request that waits for a person: a pack that landed, and a changed mind."""
    payment = customer.buy()["payment"]
    answer = customer.file(reason="changed_mind", payment=payment, note="I do not need it.")
    assert (answer.status, answer.json["state"]) == (201, "in_review"), answer.body
    return answer.json["id"]


def test_support_reads_a_request_by_its_id_alone(stack, customer, request_in_review):
    support = add_support(stack)
    path = f"/v1/refund-requests/{request_in_review}"
    shown = stack.get(path, as_=support)
    assert (shown.status, shown.json["account"]) == (200, customer.account)
    assert shown.json["decision"]["outcome"]["kind"] == "person"
    assert stack.get("/v1/refund-requests/rr_missing", as_=support).status == 404
    assert stack.get(path, as_=customer.owner).status == 403


def test_the_summary_of_the_queue_counts_what_waits(stack, customer, request_in_review):
    support = add_support(stack)
    before = stack.get("/v1/refund-requests/summary", as_=support)
    assert before.status == 200, before.body
    assert before.json["waiting"] == before.json["claimed"] + before.json["unclaimed"]
    assert stack.post(f"/v1/refund-requests/{request_in_review}/claim", as_=support).status == 200
    customer.becomes(
        "the claim is counted",
        lambda: stack.get("/v1/refund-requests/summary", as_=support).json["claimed"] == before.json["claimed"] + 1,
    )
    assert stack.get("/v1/refund-requests/summary", as_=customer.owner).status == 403


def test_an_internal_note_is_support_s_and_never_the_customer_s(stack, customer, request_in_review):
    support, colleague = add_support(stack), add_support(stack)
    note = {"id": "note-1", "text": "Two cards of one household; I rang the bank."}
    path = f"/v1/refund-requests/{request_in_review}"
    written = stack.post(f"{path}/notes", note, as_=support)
    assert (written.status, written.json["by"]) == (201, stack.account(support)), written.body
    assert stack.post(f"{path}/notes", note, as_=support).json == written.json
    assert stack.post(f"{path}/notes", {**note, "text": "No."}, as_=support).status == 422
    assert stack.post(f"{path}/notes", note, as_=customer.owner).status == 403
    assert stack.get(path, as_=colleague).json["internal_notes"] == [written.json]
    assert "internal_notes" not in customer.request(request_in_review)
    assert not any("household" in line for line in stack.logs("RefundRequest"))
