"""Every command that a reader is given, by `make up` or by the README, runs as it stands."""

import os
import re
import subprocess

import pytest
from places import CATALOGUE, POLICIES, ROOT
from scene import Scene, add_customer
from summary import print_summary


def test_the_commands_that_make_up_prints(stack, capsys):
    print_summary(stack)
    printed = capsys.readouterr().out
    exports, commands = printed[printed.index("export API") :].split("\n# a customer buys", 1)
    purchase, rest = commands.split("\n# balance", 1)
    customer = Scene(stack, "customer")
    available, held = customer.balance()

    run_in_a_shell(f"{exports}\n# a customer buys{purchase}")
    customer.becomes("the pack has landed", lambda: customer.balance() == (available + 100, held))
    run_in_a_shell(f"{exports}\n# balance{rest}")
    customer.becomes("the generation's credits are back", lambda: customer.balance() == (available + 100, held))
    assert any(change["generation_id"] == "gen_1" for change in customer.changes("released"))


def test_the_first_hold_and_the_first_failure_of_the_readme(stack):
    section = readme("The first hold and the first failure")
    [call], [message] = blocks(section, "sh"), blocks(section, "json")
    scene = Scene(stack)
    scene.buy()
    run_in_a_shell(call, API=stack.state["api_url"], ACCOUNT=scene.account, SERVICE=stack.token("service"))
    assert scene.balance() == (95, 5)
    stack.send(message.replace("<account>", scene.account).replace("<service>", stack.service))
    scene.becomes("the credits are back", lambda: scene.balance() == (100, 0))


def test_the_cancellation_of_the_readme(stack):
    [calls] = blocks(readme("Cancelling a subscription"), "sh")
    customer = add_customer(stack)
    subscription = customer.subscribe()["subscription"]
    customer.becomes("the subscription is known", customer.subscriptions)
    token = stack.token(customer.owner)
    run_in_a_shell(
        calls, API=stack.state["api_url"], ACCOUNT=customer.account, CUSTOMER=token, SUBSCRIPTION=subscription
    )
    assert [each["state"] for each in customer.subscriptions()] == ["cancels_at_period_end"]


def test_the_shipped_policies_pass_the_check_of_the_readme(stack):
    assert "makegood policy check" in readme("Writing a policy")
    documents = sorted(POLICIES.glob("*/*.toml"))
    done = stack.makegood("policy", "check", *map(str, (*documents, CATALOGUE)))
    assert (len(documents), done.returncode) == (4, 0), done.stdout + done.stderr


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_the_two_commands_of_the_readme_are_there(command):
    assert command in readme("Two commands")
    done = subprocess.run([*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def readme(heading):
    """A section of the README."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def blocks(section, language):
    """The code of a section in a language."""
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


def run_in_a_shell(commands, **variables):
    """Runs commands as a reader would, but for curl, which is asked to fail when the answer is an error."""
    script = re.sub(r"(^|\$\()curl ", r"\1curl --silent --fail-with-body ", commands, flags=re.MULTILINE)
    env = {**os.environ, **variables}
    done = subprocess.run(
        ["bash", "-eu", "-c", script], env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
