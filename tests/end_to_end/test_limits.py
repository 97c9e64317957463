"""What nobody can do alone, or without end: grants, outages, and floods of requests."""

import secrets
import time
from datetime import UTC, datetime

from scene import DAY_S, add_customer, add_support

FILED_A_DAY_MAX = 60


def days_ago(days):
    """An instant as the API reads it."""
    return datetime.fromtimestamp(int(time.time()) - days * DAY_S, UTC).isoformat().replace("+00:00", "Z")


def test_d15_credits_for_an_outage_take_two_people_and_come_once(stack):
    scene = add_customer(stack)
    first, second = add_support(stack), add_support(stack)
    made = scene.subscribe(created=int(time.time()) - 10 * DAY_S)
    outage = {"product": "music-studio", "began_at": days_ago(8), "ended_at": days_ago(3)}
    path = f"/v1/outages/{secrets.token_hex(4)}"
    asked = {"reason": "service_unavailable", "payment": made["invoice"], "note": "It was down for days."}

    recorded = stack.call("PUT", path, outage, as_=first)
    assert (recorded.status, recorded.json["state"]) == (200, "recorded"), recorded.body
    assert stack.call("PUT", path, outage, as_=first).json["state"] == "recorded"
    preview = f"/v1/accounts/{scene.account}/refund-requests/preview"
    offers = stack.post(preview, asked, as_=scene.owner).json["offers"]
    # What one person recorded is not yet a fact: no credits can be computed from it.
    assert all("remedy" not in offer for offer in offers if offer["offer"] == "part_of_the_credits"), offers
    [waiting] = [each for each in stack.get("/v1/outages", as_=second).json["outages"] if each["id"] == path[12:]]
    assert (waiting["state"], waiting["recorded_by"]) == ("recorded", stack.account(first)), waiting
    assert stack.call("PUT", path, outage, as_=second).json["state"] == "confirmed"

    filed = scene.file("outage", **asked)
    assert (filed.status, filed.json["state"]) == (201, "in_review"), filed.body
    offers = {offer["offer"]: offer for offer in filed.json["offers"]}
    review = {
        "decision": "offer",
        "offer": "part_of_the_credits",
        "clause": "extended-outage",
        "reason": "Five days of thirty.",
        "quote": offers["part_of_the_credits"]["quote"]["quote"],
    }
    made = stack.post(f"/v1/refund-requests/{filed.json['id']}/review", review, as_=first)
    assert made.status == 200, made.body
    accept = f"/v1/accounts/{scene.account}/refund-requests/{filed.json['id']}/offers/part_of_the_credits"
    accepted = stack.post(accept, {"answer": "accept"}, as_=scene.owner)
    assert (accepted.status, accepted.json["state"]) == (200, "refunded"), accepted.body
    # The same trouble is not made up for again.
    again = scene.file("again", **asked)
    assert (again.status, again.json["request"]) == (409, filed.json["id"]), again.body


def test_d11_a_customer_files_so_many_requests_a_day(stack):
    scene = add_customer(stack)
    for index in range(FILED_A_DAY_MAX):
        filed = scene.file(f"flood-{index}", reason="other", product="music-studio", note=f"Question {index}.")
        assert filed.status == 201, filed.body
    over = scene.file("over", reason="other", product="music-studio", note="One more.")
    assert (over.status, over.json["type"]) == (429, "urn:makegood:problem:too-many-requests"), over.body
    assert 0 < int(over.headers["retry-after"]) <= 86_400
