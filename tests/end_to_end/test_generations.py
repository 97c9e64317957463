"""Holds over HTTP and outcomes over the queue: repeats, races, poison, and functions that die."""

import json
import os
import signal
import time

import messages
import pytest
from client import eventually
from lambda_processes import processes_of
from messages import instant
from scene import Scene, add_customer, at_once

PARALLEL = 50
# A service repeats a hold that was answered with 503; the account is free again after a few round trips.
REPEATS_MAX = 20


@pytest.fixture
def scene(stack):
    scene = Scene(stack)
    scene.buy()
    return scene


@pytest.fixture
def quick_redelivery(stack):
    """A message that was not handled comes again after a second, and not after a minute."""
    stack.set_visibility("Generation", 1)
    yield
    stack.set_visibility("Generation", 60)


def test_a_repeated_hold_is_answered_alike_and_other_content_is_a_conflict(scene):
    first, again = scene.hold(10, "song"), scene.hold(10, "song")
    assert (first.status, again.status) == (201, 200)
    assert first.json == again.json
    assert scene.hold(11, "song").status == 409
    refused = scene.hold(91, "another")
    assert (refused.status, refused.json["available"], refused.json["needed"]) == (402, 90, 91)
    assert scene.balance() == (90, 10)


def test_capture_and_release_over_http(scene):
    scene.held(10, "kept")
    scene.held(20, "dropped")
    assert scene.settle("kept", "capture").json["outcome"] == "captured"
    assert scene.settle("dropped", "release").json["outcome"] == "released"
    assert scene.settle("dropped", "release").json["outcome"] == "repeated"
    assert scene.settle("nobody", "release").status == 404
    assert scene.balance() == (90, 0)


def test_f8_of_fifty_parallel_holds_on_a_balance_for_thirty_thirty_are_placed(scene):
    scene.held(10, "before")

    def hold(number):
        for _ in range(REPEATS_MAX):
            answer = scene.hold(3, f"parallel-{number}")
            if answer.status not in (503, 429):
                break
        return answer

    statuses = [answer.status for answer in at_once(PARALLEL, hold)]
    # A repeat of a hold whose first answer was 503 finds it placed.
    placed = sum(status in (200, 201) for status in statuses)
    assert (placed, statuses.count(402)) == (30, 20), statuses
    assert scene.balance() == (0, 100)
    assert len(scene.changes("held")) == 31


def test_g1_the_same_message_ten_times_has_one_effect(stack, scene):
    generation = scene.held(10)
    for _ in range(10):
        stack.send(scene.failed(generation))
    stack.wait_until_idle()
    assert scene.balance() == (100, 0)
    assert [change["kind"] for change in scene.changes()] == ["granted", "held", "released"]


@pytest.mark.usefixtures("quick_redelivery")
def test_g4_of_a_batch_with_one_poison_message_only_that_one_fails(stack, scene):
    generations = [scene.held(10) for _ in range(9)]
    bodies = [json.dumps(scene.failed(generation)) for generation in generations]
    bodies.insert(4, '{"version":1,"type":"generation.failed","credits":1000000}')
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    client = stack.aws("sqs", tuple(stack.state["sender"]["key"]))
    client.send_message_batch(QueueUrl=stack.queue_url("Generation"), Entries=entries)
    scene.becomes("nine are given back", lambda: scene.balance() == (100, 0))
    assert dead_letters(stack) == [bodies[4]]


@pytest.mark.usefixtures("quick_redelivery")
def test_g2_messages_that_claim_more_than_they_may_change_nothing(stack, scene):
    generation = scene.held(10)
    other = Scene(stack)
    other.buy()
    claims = [
        # An amount; another account; a generation that nobody has held credits for.
        {**scene.failed(generation), "credits": 1000},
        messages.failed(stack.service, other.account, generation, "music_simple"),
        scene.failed("nobody"),
        # The hold of another service.
        {**scene.failed(generation), "service": "another-service"},
    ]
    for claim in claims:
        stack.send(claim)
    assert sorted(dead_letters(stack, len(claims))) == sorted(json.dumps(claim) for claim in claims)
    assert (scene.balance(), other.balance()) == ((90, 10), (100, 0))


def test_g3_a_generation_that_was_given_back_is_not_given_back_again(stack, scene):
    generation = scene.held(10)
    assert scene.settle(generation, "release").status == 200
    stack.send(scene.failed(generation))
    stack.wait_until_idle()
    assert scene.balance() == (100, 0)
    assert len(scene.changes("released", "given_back")) == 1


@pytest.mark.usefixtures("quick_redelivery")
def test_g11_a_message_that_overtakes_its_hold_is_not_lost(stack, scene):
    stack.send(scene.failed("early"))
    eventually("the message was tried", lambda: was_put_back(scene))
    scene.held(10, "early")
    scene.becomes("the credits are back", lambda: scene.balance() == (100, 0))
    assert len(scene.changes("released")) == 1


def test_a_failure_after_the_capture_gives_the_credits_back(stack, scene):
    generation = scene.held(10)
    assert scene.settle(generation, "capture").status == 200
    assert scene.balance() == (90, 0)
    stack.send(scene.failed(generation))
    scene.becomes("the credits are back", lambda: scene.balance() == (100, 0))
    [change] = scene.changes("given_back")
    assert (change["credits"], change["lots"]) == (10, [{"lot": 1, "credits": 10}])


def test_an_unclear_ending_goes_to_a_person_who_gives_the_credits_back(stack):
    customer = add_customer(stack)
    customer.buy()
    generation = customer.held(10)
    stack.send(messages.failed(stack.service, customer.account, generation, "music_simple", "moderation_block"))
    path = f"/v1/accounts/{customer.account}/refund-requests"

    def opened():
        stack.sweep(instant(time.time() + 1))
        return stack.get(path, as_=customer.owner).json["refund_requests"]

    [request] = eventually("a request is opened", opened)
    assert (request["state"], request["generation_id"]) == ("in_review", generation)
    review = f"/v1/refund-requests/{request['id']}/review"
    shown = stack.get(f"{path}/{request['id']}", as_=customer.owner).json["quote"]["quote"]
    verdict = {"decision": "approve", "clause": "unclear-endings", "quote": shown, "reason": "a false alarm"}
    answer = stack.post(review, verdict, as_="support")
    assert (answer.status, answer.json["state"]) == (200, "refunded"), answer.body
    assert customer.balance() == (100, 0)


@pytest.mark.usefixtures("quick_redelivery")
def test_a_message_whose_function_is_killed_comes_again(stack, scene):
    generation = scene.held(10)
    stack.send(messages.failed(stack.service, scene.account, scene.held(1), "music_simple"))
    stack.wait_until_idle()
    warm = processes_of(stack, "AutoRefund")
    assert warm, "no process of the function is warm"
    for process in warm:
        os.kill(process, signal.SIGSTOP)
    stack.send(scene.failed(generation))
    eventually("the message is in flight", lambda: in_flight(stack))
    assert scene.balance() == (90, 10)
    for process in warm:
        os.kill(process, signal.SIGKILL)
    scene.becomes("the credits are back", lambda: scene.balance() == (100, 0))
    assert len(scene.changes("released")) == 2


def dead_letters(stack, count=1):
    """Takes the messages out of the dead-letter queue, where they must arrive."""
    found = []

    def all_there():
        found.extend(stack.dead_letters("GenerationDeadLetter"))
        return len(found) >= count

    eventually(f"{count} dead letters", all_there)
    return found


def in_flight(stack):
    """Whether a message is being handled."""
    attribute = "ApproximateNumberOfMessagesNotVisible"
    found = stack.aws("sqs").get_queue_attributes(QueueUrl=stack.queue_url("Generation"), AttributeNames=[attribute])
    return int(found["Attributes"][attribute])


def was_put_back(scene):
    """Whether the function has left a message of the account's in the queue."""
    lines = (line for line in scene.stack.logs("AutoRefund") if scene.account in line)
    return any("unknown_generation" in line for line in lines)
