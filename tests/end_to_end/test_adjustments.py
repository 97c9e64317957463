"""What people change of an account by hand: each act, its refusals, and the second pair of eyes."""

import json
import secrets

import pytest
from scene import add_customer, add_support

# One more than one person may give to an account, in the policy of the music studio.
LARGE = 2_001
LATER = "2030-01-01T00:00:00Z"
GRANT = {"credits": 5, "purpose": "goodwill", "expires_at": None}


@pytest.fixture
def customer(stack):
    customer = add_customer(stack)
    customer.buy()
    return customer


@pytest.fixture
def support(stack):
    return add_support(stack)


def path(customer, *more):
    """The path of an account's adjustments, or of one of them."""
    return "/".join([f"/v1/accounts/{customer.account}/adjustments", *more])


def submit(customer, by, kind, key=None, **members):
    """Submits an adjustment; the answer may be a refusal."""
    said = {"kind": kind, "product": "music-studio", "clause": "mid-period", "reason": "As agreed by mail.", **members}
    headers = {"idempotency-key": key or secrets.token_hex(8)}
    return customer.stack.post(path(customer), said, as_=by, headers=headers)


def applied(customer, by, kind, **members):
    """Submits an adjustment, which must take effect at once."""
    answer = submit(customer, by, kind, **members)
    assert (answer.status, answer.json.get("state")) == (201, "applied"), answer.body
    return answer.json


def waiting(customer, by, kind="grant", **members):
    """Submits an adjustment, which must wait for another person."""
    answer = submit(customer, by, kind, **{**GRANT, "credits": LARGE, **members} if kind == "grant" else members)
    assert (answer.status, answer.json.get("state")) == (201, "waiting_for_approval"), answer.body
    return answer.json["id"]


def decide(customer, by, adjustment, what):
    """Approves or refuses an adjustment."""
    body = {"reason": "Nobody told us."} if what == "refusal" else None
    return customer.stack.post(path(customer, adjustment, what), body, as_=by)


def pointer(answer):
    """The field that a refusal names."""
    return answer.status, answer.json["errors"][0]["pointer"]


def test_a_grant_is_the_customers_to_see_and_its_reason_is_not(customer, support):
    made = applied(customer, support, "grant", **{**GRANT, "purpose": "trial", "expires_at": LATER})
    assert customer.balance() == (105, 0)
    assert [(lot["kind"], lot["available"], lot["expires_at"]) for lot in customer.lots()] == [
        ("pack", 100, None),
        ("trial", 5, LATER),
    ]
    entries = customer.stack.get(f"/v1/accounts/{customer.account}/entries", as_=customer.owner)
    newest = entries.json["entries"][0]
    assert newest["cause"] == {"kind": "adjustment", "id": made["id"], "clause": "mid-period"}
    assert newest["actor"] == {"kind": "support"}
    assert newest["changes"][0]["text"] == "5 credits were given for a trial."
    assert "As agreed by mail" not in entries.body.decode()
    told = customer.stack.makegood("history", "--account", customer.account).stdout
    assert f"adjustment {made['id']} under mid-period" in told
    assert "As agreed by mail" not in told
    # The reason is in no log either; the adjustment itself has it.
    assert not any("As agreed by mail" in line for line in customer.stack.logs("AccountAdjustment"))
    shown = customer.stack.get(path(customer, made["id"]), as_=support)
    assert (shown.status, shown.json) == (200, made)
    assert made["reason"] == "As agreed by mail."


def test_the_same_key_is_the_same_adjustment_and_another_content_is_a_conflict(customer, support):
    first = submit(customer, support, "grant", key="key-1", **GRANT)
    again = submit(customer, support, "grant", key="key-1", **GRANT)
    assert (again.status, again.json, again.headers["idempotency-hit"]) == (201, first.json, "true")
    other = submit(customer, support, "grant", key="key-1", **{**GRANT, "credits": 6})
    assert (other.status, other.json["type"]) == (422, "urn:makegood:problem:idempotency-key-reused")
    without = customer.stack.post(path(customer), {}, as_=support)
    assert (without.status, without.json["type"]) == (400, "urn:makegood:problem:missing-idempotency-key")
    assert customer.balance() == (105, 0)


def test_unused_credits_are_taken_back_and_no_more_than_are_left(customer, support):
    customer.held(10)
    more = submit(customer, support, "take_back", lot=1, credits=91)
    assert pointer(more) == (422, "#/credits")
    assert more.json["errors"][0]["detail"] == "expected at most 90: so many are left of the lot"
    applied(customer, support, "take_back", lot=1, credits=90)
    assert customer.balance() == (0, 10)
    [taken] = customer.changes("taken_back")
    assert taken["text"] == "90 credits were taken back."


def test_what_is_not_owed_is_not_written_off(customer, support):
    refused = submit(customer, support, "debt_write_off", credits=1)
    assert pointer(refused) == (422, "#/credits")
    assert refused.json["errors"][0]["detail"] == "expected at most 0: so many are owed"


def test_an_expiry_is_moved_ahead_and_taken_off(customer, support):
    applied(customer, support, "grant", **{**GRANT, "expires_at": "2029-01-01T00:00:00Z"})
    applied(customer, support, "expiry_move", lot=2, expires_at=LATER)
    assert [lot["expires_at"] for lot in customer.lots()] == [None, LATER]
    applied(customer, support, "expiry_move", lot=2, expires_at=None)
    assert [lot["expires_at"] for lot in customer.lots()] == [None, None]
    same = submit(customer, support, "expiry_move", lot=2, expires_at=None)
    assert (same.status, same.json["detail"]) == (409, "the lot has this expiry already")
    assert pointer(submit(customer, support, "expiry_move", lot=1, expires_at=LATER)) == (422, "#/lot")
    past = submit(customer, support, "expiry_move", lot=2, expires_at="2020-01-01T00:00:00Z")
    assert pointer(past) == (422, "#/expires_at")


def test_s3_28_a_person_suspends_an_account_and_lets_it_go_on(customer, support):
    applied(customer, support, "suspension")
    assert customer.hold(1).status == 409
    again = submit(customer, support, "suspension")
    assert (again.status, again.json["detail"]) == (409, "the account is suspended already")
    applied(customer, support, "resumption")
    customer.held(1)
    again = submit(customer, support, "resumption")
    assert (again.status, again.json["detail"]) == (409, "the account is not suspended")


@pytest.mark.parametrize(
    ("members", "refusal"),
    [
        ({"clause": "no-such-clause"}, (422, "#/clause")),
        ({"product": "no-such-product"}, (422, "#/product")),
        ({"reason": " "}, (422, "#/reason")),
        ({"reason": "a" * 501}, (422, "#/reason")),
        ({"credits": 0}, (422, "#/credits")),
        ({"credits": -1}, (400, "#/credits")),
        ({"purpose": "gift"}, (400, "#/purpose")),
        ({"kind": "payout"}, (400, "#/kind")),
        ({"lot": 1}, (422, "#/lot")),
        ({"expires_at": "2020-01-01T00:00:00Z"}, (422, "#/expires_at")),
        ({"amount": 5}, (400, "#/amount")),
    ],
)
def test_what_is_not_possible_names_the_field(customer, support, members, refusal):
    said = {"kind": "grant", **GRANT, **members}
    answer = submit(customer, support, said.pop("kind"), **said)
    assert pointer(answer) == refusal, answer.body
    assert customer.balance() == (100, 0)


def test_adjustments_are_for_support_and_not_of_ones_own_account(customer, support):
    assert submit(customer, customer.owner, "grant", **GRANT).status == 403
    assert submit(customer, "service", "grant", **GRANT).status == 403
    assert customer.stack.get(path(customer), as_=customer.owner).status == 403
    assert customer.stack.get("/v1/adjustments", as_=customer.owner).status == 403
    own = f"/v1/accounts/{customer.stack.account(support)}/adjustments"
    said = {"kind": "suspension", "product": "music-studio", "clause": "mid-period", "reason": "Mine."}
    refused = customer.stack.post(own, said, as_=support, headers={"idempotency-key": "own"})
    assert (refused.status, refused.json["detail"]) == (403, "the account is your own")


def test_what_is_large_waits_for_another_person_and_takes_effect_once(customer, support):
    adjustment = waiting(customer, support)
    assert customer.balance() == (100, 0)
    queue = customer.stack.get("/v1/adjustments?state=waiting_for_approval", as_=support)
    assert adjustment in [each["id"] for each in queue.json["adjustments"]]
    assert decide(customer, support, adjustment, "approval").status == 403
    assert decide(customer, support, adjustment, "refusal").status == 403
    assert decide(customer, customer.owner, adjustment, "approval").status == 403
    second = add_support(customer.stack)
    approved = decide(customer, second, adjustment, "approval")
    assert (approved.status, approved.json["state"]) == (200, "applied"), approved.body
    assert approved.json["approved"]["by"] == customer.stack.account(second)
    again = decide(customer, second, adjustment, "approval")
    assert (again.status, again.json, again.headers["idempotency-hit"]) == (200, approved.json, "true")
    assert decide(customer, add_support(customer.stack), adjustment, "refusal").status == 409
    assert customer.balance() == (100 + LARGE, 0)
    queue = customer.stack.get("/v1/adjustments", as_=support)
    assert adjustment not in [each["id"] for each in queue.json["adjustments"]]


def test_small_grants_add_up_and_a_refused_one_has_no_effect(customer, support):
    applied(customer, support, "grant", **{**GRANT, "credits": LARGE - 1})
    adjustment = waiting(customer, add_support(customer.stack), credits=1)
    refused = decide(customer, support, adjustment, "refusal")
    assert (refused.status, refused.json["state"]) == (200, "refused"), refused.body
    assert refused.json["refused"]["reason"] == "Nobody told us."
    late = decide(customer, add_support(customer.stack), adjustment, "approval")
    assert (late.status, late.json["detail"]) == (409, "the adjustment is refused")
    assert customer.balance() == (100 + LARGE - 1, 0)
    listed = customer.stack.get(path(customer), as_=support)
    assert [each["state"] for each in listed.json["adjustments"]] == ["refused", "applied"]


def test_a_list_takes_its_own_cursors_and_states_alone(customer, support):
    wrong = customer.stack.get(f"{path(customer)}?cursor=abc", as_=support)
    assert (wrong.status, wrong.json["type"]) == (400, "urn:makegood:problem:invalid-cursor")
    assert customer.stack.get("/v1/adjustments?state=applied", as_=support).status == 400
    assert customer.stack.get(path(customer, "adj_none"), as_=support).status == 404
    assert decide(customer, support, "adj_none", "approval").status == 404
    assert decide(customer, support, "adj_none", "refusal").status == 404


def adjust(customer, command, *options):
    """Runs `makegood adjust` of a product and a clause."""
    said = ("--product", "music-studio", "--clause", "mid-period", "--reason", "As agreed by mail.")
    return customer.stack.makegood("adjust", command, "--account", customer.account, *said, *options)


def test_operators_adjust_by_the_command_line_and_two_are_needed_for_what_is_large(customer, support):
    small = ("--key", "ticket-1", "--credits", "5", "--purpose", "promotional", "--never")
    for _ in range(2):
        done = adjust(customer, "grant", *small)
        assert (done.returncode, "applied" in done.stdout) == (0, True), done.stdout + done.stderr
    assert customer.balance() == (105, 0)
    for command, options in [
        ("take-back", ("--lot", "2", "--credits", "2")),
        ("move-expiry", ("--lot", "2", "--expires-at", LATER)),
        ("suspend", ()),
        ("resume", ()),
    ]:
        done = adjust(customer, command, "--key", command, *options)
        assert done.returncode == 0, (command, done.stdout + done.stderr)
    assert customer.balance() == (103, 0)
    owed = adjust(customer, "write-off", "--key", "write-off", "--credits", "1")
    assert (owed.returncode, "so many are owed" in owed.stdout) == (1, True), owed.stdout + owed.stderr

    large = ("--key", "ticket-2", "--credits", str(LARGE), "--purpose", "goodwill", "--never")
    done = adjust(customer, "grant", *large)
    assert (done.returncode, "waiting_for_approval" in done.stdout) == (0, True), done.stdout + done.stderr
    adjustment = next(line.split()[1] for line in done.stdout.splitlines() if line.split()[0] == "id")
    assert adjustment in customer.stack.makegood("adjust", "waiting").stdout
    which = (adjustment, "--account", customer.account)
    own = customer.stack.makegood("adjust", "approve", *which)
    assert (own.returncode, "another person" in own.stdout) == (1, True), own.stdout + own.stderr
    refused = customer.stack.makegood("adjust", "refuse", *which, "--reason", "No.")
    assert refused.returncode == 1, refused.stdout + refused.stderr
    approved = customer.stack.makegood("adjust", "approve", *which, "--operator", "second")
    assert (approved.returncode, "applied" in approved.stdout) == (0, True), approved.stdout + approved.stderr
    assert customer.balance() == (103 + LARGE, 0)
    shown = customer.stack.get(path(customer, adjustment), as_=support).json
    by = [(shown[act]["role"], shown[act]["by"]) for act in ("submitted", "approved")]
    assert by == [("operator", "operator"), ("operator", "second")]


def test_a_direct_invocation_meets_the_same_checks(customer):
    said = {"kind": "grant", "product": "music-studio", "clause": "mid-period", "reason": "Mail.", **GRANT}
    asked = {"account": customer.account, "operator": "two words", "key": "k", "adjustment": said}
    answer = customer.stack.invoke("AccountAdjustment", {"submit": asked})
    assert (answer["statusCode"], json.loads(answer["body"])["errors"][0]["pointer"]) == (422, "#/operator")
    asked = {**asked, "operator": "ann", "adjustment": {**said, "clause": "none"}}
    answer = customer.stack.invoke("AccountAdjustment", {"submit": asked})
    assert (answer["statusCode"], json.loads(answer["body"])["errors"][0]["pointer"]) == (422, "#/clause")
    assert customer.balance() == (100, 0)
