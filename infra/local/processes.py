"""Long-running processes: each in a process group of its own, found again by id and start time.

A process id alone can be somebody else's by the time a stack is stopped, so its start time goes with it. A group
takes its children along: the emulator starts one process per function.
"""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

# A process that has not ended this long after SIGTERM is killed.
GRACE_S = 5.0


def start(command: list[str], env: dict[str, str], log: Path, cwd: Path) -> tuple[subprocess.Popen, dict]:
    """Starts a process whose output goes to `log`; the second value is what `stop` needs."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return process, {"pid": process.pid, "started": start_time(process.pid)}


def start_time(pid: int) -> str:
    """When the process started, in the system's own words; empty when there is none."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            # The command's name, in parentheses, may hold spaces; the 22nd field is the start in clock ticks.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] == "Z" else fields[19]
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()


def alive(record: dict) -> bool:
    """Whether this very process still runs."""
    return bool(record["started"]) and start_time(record["pid"]) == record["started"]


def stop(record: dict) -> bool:
    """Ends a process and its children; says whether there was anything to end."""
    if not alive(record):
        return False
    pid = record["pid"]
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    while alive(record) and time.monotonic() < deadline:
        _reap(pid)
        time.sleep(0.05)
    # Whatever is left of the group, children included.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    _reap(pid)
    return True


def _reap(pid: int) -> None:
    """Collects a child of ours, so that it does not stay a zombie; others' children are not ours to collect."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
