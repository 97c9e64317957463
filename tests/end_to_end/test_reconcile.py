"""Events that never came: Stripe has them on its list, and the reconciliation applies them."""

import secrets
import time

import pytest
from messages import instant
from scene import PACK, Scene

DAY_S = 24 * 60 * 60


@pytest.fixture
def long_ago(stack):
    """A minute of the past that no other test uses: what happens in it is listed alone."""
    return int(time.time()) - 20 * DAY_S + secrets.randbelow(10 * DAY_S)


def minute(second):
    return instant(second), instant(second + 60)


def test_b7_a_purchase_whose_events_were_lost_is_credited_by_the_reconciliation(stack, long_ago):
    scene = Scene(stack)
    # Nobody delivers: the endpoint is disabled.
    scene.stripe("buy_pack", account=scene.account, **PACK, created=long_ago, deliver="hold")
    assert scene.balance() == (0, 0)

    since, before = minute(long_ago)
    status = stack.reconcile(since, before)
    assert status["applied"] >= 1
    assert "checkout.session.completed" in [event["type"] for event in status["missed"]]
    assert scene.balance() == (100, 0)
    # Once and for all.
    again = stack.reconcile(since, before)
    assert (again["applied"], again["listed"]) == (0, status["listed"])
    assert scene.balance() == (100, 0)


def test_b7_the_command_line_reads_a_time_anew(stack, long_ago):
    scene = Scene(stack)
    scene.stripe("buy_pack", account=scene.account, **PACK, created=long_ago, deliver="hold")
    since, before = minute(long_ago)
    found = stack.makegood("reconcile", "--since", since, "--before", before, "--repair")
    assert found.returncode == 1, found.stdout + found.stderr
    assert "checkout.session.completed" in found.stdout
    assert scene.balance() == (100, 0)
    again = stack.makegood("reconcile", "--since", since, "--before", before)
    assert again.returncode == 0, again.stdout + again.stderr


def test_the_schedule_moves_its_mark(stack):
    table = stack.aws("dynamodb")
    item = {"pk": {"S": "RECONCILE#STRIPE"}, "sk": {"S": "-"}}
    start = int(time.time()) - 240
    table.put_item(
        TableName=stack.state["outputs"]["RequestsTableName"], Item={**item, "until": {"N": str(start * 1000)}}
    )
    status = stack.reconcile()
    assert status["failed"] == 0
    read = table.get_item(TableName=stack.state["outputs"]["RequestsTableName"], Key=item)
    assert int(read["Item"]["until"]["N"]) > start * 1000


def test_a_lost_dashboard_refund_is_found_by_the_lists_and_repaired(stack, long_ago):
    scene = Scene(stack)
    payment = scene.buy(created=long_ago)["payment"]
    # Nobody delivers what happened in the Dashboard.
    refund = scene.stripe("dashboard_refund", payment=payment, created=long_ago + 5, deliver="hold")["refund"]
    assert scene.balance() == (100, 0)
    since, before = minute(long_ago)

    # A dry run: nothing is applied.
    compared = stack.compare(since, before)
    [found] = compared["findings"]
    assert (found["object"], found["kind"], found["recorded"]) == (refund, "refund_missing", "nothing")
    assert (compared["differing"], compared["repaired"]) == (1, 0)
    assert scene.balance() == (100, 0)

    repaired = stack.compare(since, before, repair=True)
    assert (repaired["differing"], repaired["repaired"]) == (0, 1), repaired
    scene.becomes("the refunded money's credits are gone", lambda: scene.balance() == (0, 0))
    assert stack.compare(since, before)["findings"] == []


def test_the_command_line_names_what_differs_and_repairs_it_only_if_it_is_asked_to(stack, long_ago):
    scene = Scene(stack)
    payment = scene.stripe("buy_pack", account=scene.account, **PACK, created=long_ago, deliver="hold")["payment"]
    since, before = minute(long_ago)
    arguments = ("reconcile", "--since", since, "--before", before)
    for _ in range(2):
        found = stack.makegood(*arguments)
        assert (found.returncode, "session_missing" in found.stdout) == (1, True), found.stdout + found.stderr
        assert scene.balance() == (0, 0)
    repaired = stack.makegood(*arguments, "--repair")
    is_applied = "1 had not come and is applied" in repaired.stdout
    assert (repaired.returncode, is_applied) == (1, True), repaired.stdout + repaired.stderr
    assert scene.balance() == (100, 0)
    sound = stack.makegood(*arguments)
    assert (sound.returncode, payment in sound.stdout) == (0, False), sound.stdout + sound.stderr


def test_the_daily_comparison_moves_its_mark(stack):
    table = stack.aws("dynamodb")
    item = {"pk": {"S": "RECONCILE#STRIPE"}, "sk": {"S": "LISTS"}}
    start = int(time.time()) - 3_900
    table.put_item(
        TableName=stack.state["outputs"]["RequestsTableName"], Item={**item, "until": {"N": str(start * 1000)}}
    )
    stack.compare()
    read = table.get_item(TableName=stack.state["outputs"]["RequestsTableName"], Key=item)
    assert int(read["Item"]["until"]["N"]) > start * 1000
