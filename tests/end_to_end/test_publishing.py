"""Policies and prices are published: by the operator's command line, and read by every function."""

import json
import re
import time

import pytest
from places import CATALOGUE, FUNCTIONS, POLICIES, binary
from scene import add_customer

STUDIO = POLICIES / "music-studio" / "2026-05-02.toml"


def test_a_price_that_nobody_has_published_is_parked_and_applied_once_it_is(stack, tmp_path):
    customer = add_customer(stack)
    price = f"price_{time.time_ns()}"
    bought = {"price": price, "amount": 700, "currency": "usd", "created": int(time.time()) - 60}
    [event] = customer.stripe("buy_pack", account=customer.account, **bought)["events"]

    def shown():
        return stack.makegood("parked", "show", event).stdout

    customer.becomes("the event is parked", lambda: "price_unknown" in shown())
    assert "`makegood catalogue publish catalogue.toml`" in shown()
    stays = stack.makegood("parked", "replay", event)
    assert (stays.returncode, "price_unknown" in stays.stdout) == (1, True), stays.stdout + stays.stderr

    catalogue = published(stack, "CATALOGUE")
    text = CATALOGUE.read_text(encoding="utf-8")
    sold = f'[prices.{price}]\nproduct = "music-studio"\nkind = "pack"\ncredits = 70\namounts = {{ usd = 700 }}\n'
    file = tmp_path / "catalogue.toml"
    file.write_text(f"{text}\n{sold}", encoding="utf-8")
    done = stack.makegood("catalogue", "publish", str(file), "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"new +{price} +70 credits of music-studio", done.stdout)
    assert len(published(stack, "CATALOGUE")) == len(catalogue) + 1

    # The function has looked for it a moment ago, and looks again where it meets a price that it does not know.
    applied = stack.makegood("parked", "replay", event)
    assert (applied.returncode, "applied" in applied.stdout) == (0, True), applied.stdout + applied.stderr
    assert customer.balance() == (70, 0)
    # What is sold later is credited at once.
    customer.stripe("buy_pack", account=customer.account, **bought)
    customer.becomes("the second pack has landed", lambda: customer.balance() == (140, 0))


def test_what_is_published_never_changes_and_nothing_comes_into_force_at_once(stack, tmp_path):
    before = published(stack, "DOCUMENTS")
    again = stack.makegood("policy", "publish", str(STUDIO), "--yes")
    assert (again.returncode, "published already" in again.stdout) == (0, True), again.stdout + again.stderr
    text = STUDIO.read_text(encoding="utf-8")
    today = time.strftime("%Y-%m-%d", time.gmtime())
    for name, changed, reason in (
        ("other", text.replace("\n# ", "\n#  ", 1), "is published with another text"),
        ("soon", text.replace('version = "2026-05-02"', f'version = "{today}"', 1).replace(
            "in_force = 2026-05-02", f"in_force = {today}", 1), "less than 15 minutes from now"),
    ):  # fmt: skip
        file = tmp_path / f"{name}.toml"
        file.write_text(changed, encoding="utf-8")
        refused = stack.makegood("policy", "publish", str(file), "--yes")
        assert (refused.returncode, reason in refused.stdout) == (1, True), refused.stdout + refused.stderr
    unsaid = stack.makegood("catalogue", "publish", str(POLICIES.parent / "no-such-file.toml"))
    assert unsaid.returncode == 2, unsaid.stdout
    assert published(stack, "DOCUMENTS") == before


def test_each_version_is_kept_with_its_author_its_hash_and_its_form(stack):
    versions = published(stack, "DOCUMENTS")
    assert [item["sk"]["S"] for item in versions] == [f"{number:012}" for number in range(1, len(versions) + 1)]
    ids = {json.loads(item["body"]["S"])["id"] for item in versions}
    assert ids == {folder.name for folder in POLICIES.iterdir()}
    for item in versions:
        assert (item["author"]["S"], item["form"]["N"], len(item["hash"]["S"])) == ("operator", "1", 64)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_binary_holds_a_policy(function):
    program = binary(function).read_bytes()
    assert len(program) > 1_000_000
    for file in POLICIES.glob("*/*.toml"):
        sentences = re.findall(r'^(?:text|source) = "([^"]{25,})"', file.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(sentences) > 5, file
        for sentence in sentences:
            assert sentence.encode() not in program, (file, sentence)


def published(stack, partition):
    """The items of a partition of the policies' table, oldest first."""
    items = (item for item in stack.items("Policies") if item["pk"]["S"] == partition)
    return sorted(items, key=lambda item: item["sk"]["S"])
