"""What the 3D business's written policy says, told through its own provider: from Creem's event to money and credits.

Each test is a rule of S3 that decides something. Rules that only inform, and those about documents, have their tests
beside the documents.
"""

import time

import pytest
from client import eventually
from creem_scene import NOTE, CreemScene
from messages import downloaded, failed
from scene import DAY_S, add_customer, add_support

MODEL = {"operation": "model_from_image", "product": "image-to-3d"}
MAY_2026 = 1_778_846_400


@pytest.fixture
def scene(stack):
    """A customer of the 3D business who lives where no law beside the policy is known."""
    scene = CreemScene(add_customer(stack))
    scene.creem("address", account=scene.account, country="US")
    return scene


def use(scene: CreemScene, credits: int) -> str:
    """Makes a model of so many credits."""
    generation = scene.customer.held(credits, **MODEL)
    assert scene.customer.settle(generation, "capture").status == 200
    return generation


def clauses(request: dict) -> list[str]:
    """The clauses that a request's decision cites."""
    return [cited["clause"] for cited in request["decision"]["clauses"]]


def recommends(request: dict) -> str | None:
    """What the machine recommends to the person who decides."""
    return (request["decision"]["outcome"]["recommendation"] or {}).get("kind")


def offers(request: dict) -> set[str]:
    """What the customer is offered in place of a refund or beside it."""
    return {offer["offer"] for offer in request["offers"]}


def days_ago(days: float) -> int:
    return int(time.time() - days * DAY_S)


def seen(scene: CreemScene, request: dict) -> dict:
    """A request as support sees it."""
    path = f"/v1/accounts/{scene.account}/refund-requests/{request['id']}"
    return scene.stack.get(path, as_=add_support(scene.stack)).json


def paid_back(scene: CreemScene, request: dict, transaction: str, amount: int) -> None:
    """Creem has exactly one refund of a transaction, and its request is refunded."""
    eventually("Creem has the refund", lambda: scene.refunds(transaction))
    [refund] = scene.refunds(transaction)
    assert refund["amount"] == amount
    scene.creem("settle_refund", refund=refund["id"], status="succeeded", reports=True)
    scene.customer.state_becomes(request["id"], "refunded")


def test_s3_4_a_request_through_creem_needs_a_reason_and_no_order_id(scene):
    made = scene.buy()
    asked = {"reason": "changed_mind", "payment": made["transaction"], "note": ""}
    answer = scene.customer.file("in-words", **asked)
    assert (answer.status, answer.json["state"]) == (201, "needs_information"), answer.body
    assert [each["field"] for each in answer.json["answers_wanted"]] == ["note"]
    path = f"/v1/accounts/{scene.account}/refund-requests/{answer.json['id']}/answers"
    answered = scene.stack.post(path, {"note": NOTE}, as_=scene.customer.owner)
    assert (answered.status, answered.json["state"]) == (200, "in_review"), answered.body


def test_s3_5_s3_22_s3_23_a_double_payment_goes_back_through_creem_and_takes_its_own_lot(scene):
    first, second = scene.buy(), scene.buy()
    request = scene.file(second["transaction"], reason="duplicate_payment")
    assert (recommends(request), clauses(request)) == ("grant", ["double-payment"])
    scene.review(request, "approve", "double-payment")
    paid_back(scene, request, second["transaction"], 1071)
    assert scene.refunds(first["transaction"]) == []
    # The other provider's payments are of the same stack: none of its refunds is of this transaction.
    assert scene.customer.refunds(second["transaction"]) == []
    assert [(lot["lot"], lot["available"]) for lot in scene.customer.lots()] == [(1, 100)]


def test_s3_6_a_pack_of_creem_that_delivered_nothing_usable_is_recommended_for_refund(scene):
    made = scene.buy()
    for kind in ("moderation_block", "partial_result"):
        generation = scene.customer.held(10, **MODEL)
        scene.stack.send(failed(scene.stack.service, scene.account, generation, "model_from_image", kind))
    scene.customer.becomes("both are for a person", lambda: scene.customer.balance() == (80, 0))
    request = scene.file(made["transaction"], reason="generation_failed")
    assert (recommends(request), clauses(request)) == ("grant", ["no-usable-result"])


def test_s3_7_a_failed_job_gives_the_credits_of_a_pack_of_creem_back(scene):
    scene.buy()
    generation = scene.customer.held(10, **MODEL)
    assert scene.customer.balance() == (90, 10)
    scene.stack.send(failed(scene.stack.service, scene.account, generation, "model_from_image"))
    scene.customer.becomes("they are back", lambda: scene.customer.balance() == (100, 0))


def test_s3_8_s3_18_an_unused_month_goes_back_with_its_plan_and_its_credits(scene):
    made = scene.subscribe()
    subscription = made["subscription"]
    scene.becomes(subscription, "active")
    request = scene.file(made["transaction"])
    assert (recommends(request), clauses(request)) == ("grant", ["recent-and-unused"])
    # What it does is shown before anybody accepts it.
    quote = seen(scene, request)["quote"]
    assert quote["plan_ends"]["subscription"] == subscription
    assert [lot["credits_revoked"] for lot in quote["revoked"]] == [200]
    scene.review(request, "approve", "recent-and-unused")
    paid_back(scene, request, made["transaction"], 1190)
    scene.becomes(subscription, "ended")
    assert scene.available() == 0

    def modes() -> list[str]:
        calls = scene.stack.creem("GET", "/_control/calls").json["calls"]
        return [call["body"]["mode"] for call in calls if call["path"].endswith(f"{subscription}/cancel")]

    assert modes() == ["immediate"]


def test_s3_9_s3_26_a_poor_first_result_is_a_persons_and_declining_what_is_offered_costs_nothing(scene):
    made = scene.buy()
    use(scene, 10)
    request = scene.file(made["transaction"], reason="result_not_liked")
    assert "first-purchase-unusable" in clauses(request)
    assert recommends(request) is None
    assert {"free_retry", "model_advice", "replacement_credits", "manual_help"} <= offers(request)
    path = f"/v1/accounts/{scene.account}/refund-requests/{request['id']}/offers/free_retry"
    declined = scene.stack.post(path, {"answer": "decline"}, as_=scene.customer.owner)
    assert (declined.status, declined.json["state"]) == (200, "in_review"), declined.body
    assert scene.customer.decision(request["id"])["outcome"] == request["decision"]["outcome"]


@pytest.mark.parametrize(("days", "recommended"), [(6.9, "grant"), (7.1, "refuse")])
def test_s3_10_s3_20_seven_days_count_from_creems_charge(scene, days, recommended):
    made = scene.buy(created=days_ago(days))
    request = scene.file(made["transaction"])
    assert recommends(request) == recommended
    assert ("after-the-window" in clauses(request)) == (recommended == "refuse")


def test_s3_1_s3_11_s3_13_s3_27_substantial_use_is_refused_by_a_person_alone(scene):
    made = scene.subscribe()
    use(scene, 50)
    request = scene.file(made["transaction"])
    assert (recommends(request), request["state"]) == ("refuse", "in_review")
    assert {"substantial-use", "change-of-mind"} <= set(clauses(request))
    assert "before_a_dispute" in offers(request)
    refused = scene.review(request, "refuse", "substantial-use")
    assert (refused["state"], refused["reviews"][-1]["override"]) == ("refused", False)
    assert (scene.refunds(made["transaction"]), scene.available()) == ([], 150)


def test_s3_12_what_was_downloaded_after_meaningful_use_counts_against_a_refund(scene):
    made = scene.buy()
    generation = use(scene, 10)
    for _ in range(3):
        scene.stack.send(downloaded(scene.stack.service, scene.account, generation, "model_from_image"))
    scene.stack.wait_until_idle()
    request = scene.file(made["transaction"])
    assert (recommends(request), "results-taken" in clauses(request)) == ("refuse", True)


def test_s3_14_what_a_person_found_leaves_a_good_request_to_a_person(scene):
    made = scene.buy()
    path = f"/v1/accounts/{scene.account}/findings"
    body = {"abuse": "indicated", "reason": "Two accounts of one card."}
    assert scene.stack.call("PUT", path, body, as_=add_support(scene.stack)).status == 200
    request = scene.file(made["transaction"])
    assert (recommends(request), "abuse" in clauses(request)) == (None, True)


def test_s3_15_a_third_request_after_use_is_a_persons(scene):
    made = scene.buy()
    use(scene, 4)
    for reason in ("changed_mind", "accidental_purchase"):
        request = scene.file(made["transaction"], reason=reason)
        assert "repeated-requests" not in clauses(request)
        scene.review(request, "refuse", "pack-partly-used")
    request = scene.file(made["transaction"], reason="duplicate_payment")
    assert (recommends(request), "repeated-requests" in clauses(request)) == (None, True)


def test_s3_17_cancelling_at_creem_refunds_nothing_and_takes_nothing(scene):
    made = scene.subscribe()
    subscription = made["subscription"]
    scene.becomes(subscription, "active")
    scene.move(subscription, "scheduled_cancel")
    scene.becomes(subscription, "cancels_at_period_end")
    scene.stack.wait_until_idle()
    assert (scene.refunds(made["transaction"]), scene.available()) == ([], 200)
    [shown] = scene.customer.subscriptions()
    assert shown["cancellation"]["channel"] == "creem"


def test_s3_19_a_little_use_of_a_month_leaves_a_part_out_of_goodwill_to_a_person(scene):
    made = scene.subscribe()
    use(scene, 20)
    request = scene.file(made["transaction"])
    assert (recommends(request), "partial-goodwill" in clauses(request)) == (None, True)
    assert {"part_by_credits", "replacement_credits"} <= offers(request)


def test_s3_24_money_through_creem_has_five_to_ten_days_that_need_not_be_business_days(scene):
    made = scene.buy()
    request = scene.file(made["transaction"])
    arrives = seen(scene, request)["quote"]["money_arrives"]
    assert arrives["clause"] == "refund-time"
    assert (arrives["earliest"], arrives["latest"]) == ("5 days", "10 days")


def test_s3_28_a_dispute_without_a_word_to_us_before_is_recommended_measures_and_decides_nothing(scene):
    made = scene.buy()
    use(scene, 10)
    scene.creem("open_dispute", transaction=made["transaction"], keeps_money=True)
    scene.customer.becomes("what is left is frozen", lambda: scene.frozen() == 90)
    assert scene.customer.hold(1, **MODEL).status == 402
    request = scene.file(made["transaction"])
    assert "dispute-of-delivered-services" in clauses(request)
    assert recommends(request) is None
    assert scene.refunds(made["transaction"]) == []


def test_s3_30_a_charge_of_may_2026_is_of_no_version_and_a_persons(scene):
    made = scene.creem("buy_once", account=scene.account, product="prod_3d_pack_100", amount=900, created=MAY_2026)
    scene.customer.becomes("the pack has landed", lambda: scene.available() == 100)
    request = scene.file(made["transaction"])
    assert recommends(request) is None
    assert clauses(request) == ["which-version-applies"], request["decision"]
