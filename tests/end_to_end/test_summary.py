"""What `make up` prints can be pasted into a shell."""

import subprocess

from client import eventually
from scene import Scene
from summary import print_summary


def test_the_printed_commands_run_as_they_are(stack, capsys):
    print_summary(stack)
    printed = capsys.readouterr().out
    commands = printed[printed.index("export API") :].replace("curl -sS", "curl -sS --fail-with-body")
    purchase, rest = commands.split("\n# balance", 1)
    customer = Scene(stack, "customer")

    run_in_a_shell(purchase)
    eventually("the pack has landed", lambda: customer.balance() != (0, 0))
    run_in_a_shell(f"{purchase.split('# a customer')[0]}\n# balance{rest}")
    stack.wait_until_idle()
    assert [change["kind"] for change in customer.changes()][-3:] == ["granted", "held", "released"]


def run_in_a_shell(commands):
    done = subprocess.run(["bash", "-eu", "-c", commands], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
