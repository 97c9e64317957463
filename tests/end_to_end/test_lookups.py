"""What an id leads to that a person has in hand."""

import pytest
from scene import add_customer, add_support


@pytest.fixture
def support(stack):
    return add_support(stack)


def look_up(stack, support, given, query=""):
    """The matches of an id, which must be known."""
    answer = stack.get(f"/v1/lookups/{given}{query}", as_=support)
    assert answer.status == 200, (given, answer.body)
    return answer.json["matches"]


def test_every_id_of_a_pack_leads_to_its_payment_and_account(stack, support):
    customer = add_customer(stack)
    made = customer.buy()
    answer = stack.get(f"/v1/accounts/{customer.account}/payments", as_=support)
    [session] = [name for name in answer.json["payments"][0]["names"] if name.startswith("cs_")]
    for kind, given in [("payment", made["payment"]), ("checkout", session)]:
        customer.becomes(f"{kind} is known", lambda given=given: look_up(stack, support, given))
        [found] = look_up(stack, support, given)
        assert (found["kind"], found["account"], found["payments"]) == (kind, customer.account, [made["payment"]])
    for kind, given in [("customer", made["customer"]), ("account", customer.account)]:
        [account] = look_up(stack, support, given)
        assert (account["kind"], account["account"]) == (kind, customer.account)
    assert {"to": "entries", "href": f"/v1/accounts/{customer.account}/entries"} in account["links"]


def test_a_plan_its_invoice_its_refund_and_its_request_lead_to_each_other(stack, support):
    customer = add_customer(stack)
    made = customer.renewal_after_cancellation()
    filed = customer.file(reason="charged_after_cancellation", payment=made["invoice"], note="I had cancelled.")
    assert filed.json["state"] == "approved", filed.body
    customer.becomes("the refund is made", lambda: customer.refunds(made["payment"]))
    stack.wait_until_idle()
    [refund] = customer.refunds(made["payment"])
    [found] = look_up(stack, support, refund["id"])
    assert (found["kind"], found["refund_request"]) == ("refund", filed.json["id"])
    [found] = look_up(stack, support, filed.json["id"])
    assert (found["kind"], found["account"]) == ("refund_request", customer.account)
    assert found["links"][0] == {"to": "refund_request", "href": f"/v1/refund-requests/{filed.json['id']}"}
    assert stack.get(found["links"][0]["href"], as_=support).json["id"] == filed.json["id"]
    [found] = look_up(stack, support, made["invoice"])
    assert (found["kind"], found["account"]) == ("invoice", customer.account)
    [subscription] = look_up(stack, support, found["subscription"])
    assert (subscription["kind"], subscription["account"]) == ("subscription", customer.account)


def test_a_generation_is_found_in_its_account_alone(stack, support):
    customer, other = add_customer(stack), add_customer(stack)
    customer.buy()
    generation = customer.held(5)
    query = f"?account={customer.account}"
    customer.becomes("it is known", lambda: stack.get(f"/v1/lookups/{generation}{query}", as_=support).status == 200)
    [found] = look_up(stack, support, generation, query)
    assert (found["kind"], found["generation_id"]) == ("generation", generation)
    for query in ("", f"?account={other.account}"):
        assert stack.get(f"/v1/lookups/{generation}{query}", as_=support).status == 404


def test_an_unknown_id_is_answered_with_the_kinds_and_nobody_but_support_asks(stack, support):
    unknown = stack.get("/v1/lookups/pi_unknown", as_=support)
    assert (unknown.status, unknown.json["type"]) == (404, "urn:makegood:problem:not-found")
    assert "a receipt" in unknown.json["detail"]
    assert stack.get("/v1/lookups/pi_unknown", as_="customer").status == 403
    assert stack.get("/v1/lookups/pi_unknown", as_="service").status == 403
