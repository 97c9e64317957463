"""A business that moves in: its files checked, imported and compared, and what happens to imported accounts."""

import json
import secrets
import time

import pytest
from messages import instant
from scene import DAY_S, PACK, PRO, Scene


@pytest.fixture
def scene(stack):
    return Scene(stack)


def sold_before(scene):
    """A pack and a plan of yesterday, whose events nobody has had."""
    created = int(time.time()) - DAY_S
    pack = scene.stripe("buy_pack", account=scene.account, **PACK, created=created, deliver="hold")
    plan = scene.stripe("subscribe", account=scene.account, **PRO, created=created, deliver="hold")
    return pack, plan


def line(scene, pack, plan):
    """What the earlier system knows of the account, with a part of both used."""
    now = time.time()
    charged, ends = instant(now - DAY_S), instant(now + 29 * DAY_S)
    return {
        "account": scene.account,
        "as_of": instant(now),
        "customers": sorted({pack["customer"], plan["customer"]}),
        "subscriptions": [
            {"id": plan["subscription"], "price": PRO["price"], "status": "active", "period_ends_at": ends}
        ],
        "payments": [
            {
                "id": pack["payment"],
                "price": PACK["price"],
                "amount_minor": PACK["amount"],
                "currency": "usd",
                "charged_at": charged,
                "credits": 100,
            },
            {
                "id": plan["payment"],
                "price": PRO["price"],
                "amount_minor": PRO["amount"],
                "currency": "usd",
                "charged_at": charged,
                "credits": 500,
                "subscription": plan["subscription"],
                "billing_reason": "subscription_create",
                "period": {"starts_at": charged, "ends_at": ends},
                "invoice": plan["invoice"],
            },
        ],
        "lots": [
            {"kind": "pack", "product": "music-studio", "payment": pack["payment"], "granted": 100, "left": 60},
            {
                "kind": "subscription",
                "product": "music-studio",
                "payment": plan["payment"],
                "granted": 500,
                "left": 300,
            },
        ],
    }


def write(folder, *lines):
    path = folder / "accounts.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def run(stack, folder, path):
    refused = str(folder / "refused.jsonl")
    return stack.makegood("import", "run", path, "--id", "weekend", "--refused", refused)


def test_an_account_moves_in_and_lives_on(stack, scene, tmp_path):
    pack, plan = sold_before(scene)
    path = write(tmp_path, line(scene, pack, plan))
    checked = stack.makegood("import", "check", path)
    assert (checked.returncode, "Everything fits" in checked.stdout) == (0, True), checked.stdout + checked.stderr
    imported = run(stack, tmp_path, path)
    assert (imported.returncode, "1 account is imported" in imported.stdout) == (0, True), imported.stderr
    assert scene.balance() == (360, 0)
    assert sorted(change["credits"] for change in scene.changes("imported")) == [60, 300]
    compared = stack.makegood("import", "compare", path)
    assert compared.returncode == 0, compared.stdout + compared.stderr
    assert "import weekend" in stack.makegood("history", "--account", scene.account).stdout

    again = run(stack, tmp_path, path)
    assert (again.returncode, "1 was there before" in again.stdout) == (0, True), again.stdout + again.stderr
    # The events of what was imported come after all, and grant nothing.
    scene.stripe("release", events=[*pack["events"], *plan["events"]])
    stack.wait_until_idle()
    renewed = scene.stripe("renew", subscription=plan["subscription"])
    scene.becomes("the renewal has landed", lambda: len(scene.changes("granted")) == 1)
    assert scene.changes("granted")[0]["credits"] == 500, renewed
    assert stack.makegood("import", "compare", path).returncode == 1

    available, _ = scene.balance()
    scene.held(5)
    assert scene.balance() == (available - 5, 5)
    scene.stripe("dashboard_refund", payment=pack["payment"], amount=PACK["amount"])
    scene.becomes("the refund has come", lambda: scene.changes("revoked"))


def test_what_is_refused_is_named_and_written_to_a_file(stack, scene, tmp_path):
    pack, plan = sold_before(scene)
    good = line(scene, pack, plan)
    other = Scene(stack)
    theirs = {"account": other.account, "as_of": good["as_of"], "customers": good["customers"]}
    path = write(tmp_path, good)
    assert run(stack, tmp_path, path).returncode == 0
    changed = {**good, "lots": [{**good["lots"][0], "left": 61}, good["lots"][1]]}
    unfit = {**theirs, "account": f"account-{secrets.token_hex(6)}", "customers": ["a b"]}
    path = write(tmp_path, changed, {**theirs, "customers": good["customers"][:1]}, unfit)
    refused = run(stack, tmp_path, path)
    assert refused.returncode == 1
    for reason in ("import_conflict", "a customer that no other account of the files has", "#/customers/0"):
        assert reason in refused.stdout, refused.stdout
    lines = (tmp_path / "refused.jsonl").read_text().splitlines()
    assert {json.loads(each)["account"] for each in lines} == {
        scene.account,
        other.account,
        unfit["account"],
    }
    assert other.balance() == (0, 0)
    taken = run(stack, tmp_path, write(tmp_path, {**theirs, "customers": good["customers"][:1]}))
    assert (taken.returncode, "customer_in_use" in taken.stdout) == (1, True), taken.stdout


def test_a_creem_subscription_that_moves_in_is_watched(stack, scene, tmp_path):
    now = time.time()
    subscription = f"sub_{secrets.token_hex(8)}"
    moved = {
        "account": scene.account,
        "as_of": instant(now),
        "subscriptions": [
            {
                "id": subscription,
                "provider": "creem",
                "price": "prod_3d_starter",
                "status": "active",
                "period_ends_at": instant(now + 20 * DAY_S),
            }
        ],
    }
    imported = run(stack, tmp_path, write(tmp_path, moved))
    assert imported.returncode == 0, imported.stdout + imported.stderr
    path = f"/v1/accounts/{scene.account}/subscriptions"
    shown = stack.get(path, as_="support").json["subscriptions"]
    assert [each["subscription"] for each in shown] == [subscription]
