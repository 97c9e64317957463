"""Journals against somebody with raw access to the tables: the anchors remember what the newest entries were."""

import pytest
from botocore.exceptions import ClientError
from scene import Scene


@pytest.fixture
def scene(stack):
    scene = Scene(stack)
    scene.buy()
    for _ in range(3):
        scene.settle(scene.held(10), "capture")
    return scene


def entries(scene):
    """The account's entries as items, oldest first."""
    items = [item for item in scene.stack.items("Ledger") if item["pk"]["S"] == f"ACCOUNT#{scene.account}"]
    return sorted((item for item in items if item["sk"]["S"].startswith("ENTRY#")), key=lambda item: item["sk"]["S"])


def anchor(scene):
    """The account's anchor."""
    found = [item for item in scene.stack.items("Anchors") if item["account"]["S"] == scene.account]
    return found[0] if found else {}


def test_i4_the_newest_four_entries_cannot_be_taken_away_unnoticed(stack, scene):
    before = entries(scene)
    newest = str(len(before))
    scene.becomes("the newest entry is anchored", lambda: anchor(scene).get("entry_number") == {"N": newest})
    assert anchor(scene)["entry_hash"] == before[-1]["hash"]
    assert scene.balance() == (70, 0)

    tables, ledger = stack.aws("dynamodb"), stack.state["outputs"]["LedgerTableName"]
    for item in before[-4:]:
        tables.delete_item(TableName=ledger, Key={"pk": item["pk"], "sk": item["sk"]})
    assert scene.balance() != (70, 0)
    first_removed = str(len(before) - 3)
    scene.becomes("the removal is noted", lambda: anchor(scene).get("tampered_from") == {"N": first_removed})
    assert any("EntriesTampered" in line for line in stack.logs("JournalAnchor"))
    verified = stack.makegood("verify", "--account", scene.account)
    assert verified.returncode == 1
    assert "is anchored, and the journal does not have it" in verified.stdout

    # What the README tells an operator to do: put the entries back, and then take the note away.
    for item in before[-4:]:
        tables.put_item(TableName=ledger, Item=item)
    verified = stack.makegood("verify", "--account", scene.account)
    assert verified.returncode == 1
    assert f"entry {first_removed}" in verified.stdout
    tables.update_item(
        TableName=stack.state["outputs"]["AnchorsTableName"],
        Key={"account": {"S": scene.account}},
        UpdateExpression="REMOVE tampered_from",
    )
    verified = stack.makegood("verify", "--account", scene.account)
    assert verified.returncode == 0, verified.stdout
    assert scene.balance() == (70, 0)


def test_i7_no_function_may_delete_from_the_ledger_or_write_an_anchor(stack):
    iam, roles = stack.aws("iam"), []
    for page in iam.get_paginator("list_roles").paginate():
        roles += [role["RoleName"] for role in page["Roles"] if role["RoleName"].startswith("makegood-")]
    writers = set()
    for role in roles:
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            for statement in document["Statement"]:
                actions, resources = str(statement["Action"]), str(statement["Resource"])
                if "LedgerTable" in resources:
                    assert not any(word in actions for word in ("Delete", "BatchWrite", "PartiQL", "*")), role
                if "AnchorsTable" in resources:
                    writers.add((role, actions))
    [(role, actions)] = writers
    assert "JournalAnchor" in role
    assert "UpdateItem" in actions


@pytest.mark.parametrize("table", ["Ledger", "Anchors"])
def test_i7_a_stranger_may_not_touch_a_journal(stack, scene, table):
    tables = stack.aws("dynamodb", tuple(stack.state["stranger"]["key"]))
    with pytest.raises(ClientError) as refused:
        tables.scan(TableName=stack.state["outputs"][f"{table}TableName"])
    assert "AccessDenied" in refused.value.response["Error"]["Code"]
