"""What is due: holds without an outcome and left-over credits, however often and late the sweep runs."""

import time

import pytest
from messages import instant
from scene import DAY_S, Scene, at_once

# The policy gives a hold 50 minutes; the sweep of the 51st is the first that can find it.
PAST_THE_DEADLINE_S = 51 * 60


@pytest.fixture
def scene(stack):
    scene = Scene(stack)
    scene.buy()
    return scene


def test_a_hold_without_an_outcome_is_given_back_within_the_hour(stack, scene):
    scene.held(10)
    stack.sweep(instant(time.time()))
    assert scene.balance() == (90, 10)
    assert stack.sweep(instant(time.time() + PAST_THE_DEADLINE_S))["failed"] == 0
    assert scene.balance() == (100, 0)
    [change] = scene.changes("released")
    assert change["reason"] == "deadline"


def test_early_markers_are_moved_on_and_not_past_what_a_hold_may_rely_on(stack, scene):
    scene.held(10)
    settled = Scene(stack)
    settled.buy()
    settled.settle(settled.held(10), "release")
    for one in (scene, settled):
        table, marker = marker_of(one)
        marker["due_at"]["N"] = str(int(time.time() * 1000) - 1000)
        stack.aws("dynamodb").put_item(TableName=table, Item=marker)
    assert stack.sweep(instant(time.time()))["failed"] == 0
    # Nothing of the settled account is due, and its entry still names the instant that it was marked with.
    for one in (scene, settled):
        _, moved_on = marker_of(one)
        assert time.time() * 1000 < int(moved_on["due_at"]["N"]) <= (time.time() + PAST_THE_DEADLINE_S) * 1000


def test_the_marker_of_an_account_with_nothing_due_is_taken_away(stack, scene):
    ended_at = int(time.time()) - 61 * DAY_S
    subscription = scene.subscribe(created=ended_at - 30 * DAY_S)["subscription"]
    scene.stripe("end", subscription=subscription, ended_at=ended_at)
    scene.becomes("the account is marked", lambda: marker_of(scene)[1])
    stack.sweep(instant(time.time()))
    assert [change["credits"] for change in scene.changes("expired")] == [500]
    assert marker_of(scene)[1] is None


def marker_of(scene):
    """The table and the item that says when something of the account is due next."""
    items = [item for item in scene.stack.items("Ledger") if "due_at" in item and scene.account in item["pk"]["S"]]
    return scene.stack.state["outputs"]["LedgerTableName"], items[0] if items else None


def test_a_capture_after_the_release_charges_anew_or_is_recorded(stack, scene):
    late, too_late = scene.held(60), scene.held(30)
    stack.sweep(instant(time.time() + PAST_THE_DEADLINE_S))
    assert scene.settle(late, "capture").json["outcome"] == "charged_late"
    scene.held(20)
    assert scene.balance() == (20, 20)
    assert scene.settle(too_late, "capture").json["outcome"] == "uncollected"
    assert scene.settle(too_late, "capture").json["outcome"] == "repeated"
    assert scene.balance() == (20, 20)
    assert [change["credits"] for change in scene.changes("uncollected")] == [30]


@pytest.fixture
def in_real_time(stack):
    """The sweep as production has it: it may not be run for a day to come."""
    name = stack.state["outputs"]["ExpirySweepFunction"]
    functions = stack.aws("lambda")
    before = functions.get_function_configuration(FunctionName=name)["Environment"]
    variables = {**before["Variables"], "SIMULATED_TIME": "false"}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    yield
    functions.update_function_configuration(FunctionName=name, Environment=before)


@pytest.mark.usefixtures("in_real_time")
def test_h14_a_sweep_of_a_day_to_come_is_refused_and_changes_nothing(stack, scene):
    ended_at = int(time.time()) - 60
    subscription = scene.subscribe(created=ended_at - 30 * DAY_S)["subscription"]
    scene.stripe("end", subscription=subscription, ended_at=ended_at)
    scene.becomes("the clock runs", lambda: scene.lots()[1]["expires_at"])
    scene.held(10)
    before = scene.changes()
    for ahead_s in (600, PAST_THE_DEADLINE_S, 61 * DAY_S, 70 * 365 * DAY_S):
        with pytest.raises(RuntimeError, match="not a tick of the schedule"):
            stack.sweep(instant(time.time() + ahead_s))
    assert scene.changes() == before
    lines = stack.logs("ExpirySweep")
    assert any("SweepsRefused" in line for line in lines)
    assert any("ahead of the clock" in line for line in lines)


@pytest.mark.usefixtures("in_real_time")
def test_a_tick_of_the_deployed_schedule_sweeps(stack, scene):
    ended_at = int(time.time()) - 61 * DAY_S
    subscription = scene.subscribe(created=ended_at - 30 * DAY_S)["subscription"]
    scene.stripe("end", subscription=subscription, ended_at=ended_at)
    scene.becomes("the account is marked", lambda: marker_of(scene)[1])
    stack.tick()
    scene.becomes("the credits have expired", lambda: scene.changes("expired"))
    assert [change["credits"] for change in scene.changes("expired")] == [500]


def test_h5_two_sweeps_at_once_and_one_a_day_late_expire_once(stack, scene):
    ended_at = int(time.time()) - 60
    subscription = scene.subscribe(created=ended_at - 30 * DAY_S)["subscription"]
    scene.stripe("end", subscription=subscription, ended_at=ended_at)
    scene.becomes("the clock runs", lambda: scene.lots()[1]["expires_at"])
    due = instant(ended_at + 60 * DAY_S)
    at_once(2, lambda _: stack.sweep(due))
    stack.sweep(instant(ended_at + 61 * DAY_S))
    stack.sweep(due)
    assert [(lot["kind"], lot["available"]) for lot in scene.lots()] == [("pack", 100)]
    assert [(change["lot"], change["credits"]) for change in scene.changes("expired")] == [(2, 500)]


def test_h1_left_over_credits_expire_at_the_sixtieth_day_and_not_a_second_before(stack, scene):
    ended_at = int(time.time()) - 60
    subscription = scene.subscribe(created=ended_at - 30 * DAY_S)["subscription"]
    scene.stripe("end", subscription=subscription, ended_at=ended_at)
    scene.becomes("the clock runs", lambda: scene.lots()[1]["expires_at"])
    stack.sweep(instant(ended_at + 60 * DAY_S - 1))
    assert len(scene.lots()) == 2
    stack.sweep(instant(ended_at + 60 * DAY_S))
    assert [lot["kind"] for lot in scene.lots()] == ["pack"]
