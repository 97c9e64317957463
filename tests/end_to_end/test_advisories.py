"""What `make advisories` and `make check` do where the list of known vulnerabilities can be reached, and where not."""

import pathlib
import subprocess
import sys

import pytest
from places import ROOT

# Writes down how it was called, and finds what the test says.
CARGO_DENY = """#!/bin/sh
echo "$@" >> "$CALLS"
exit "$FOUND"
"""
GIT = """#!/bin/sh
case "$1" in
  ls-remote) exit "$UNREACHABLE" ;;
  *) exec "$GENUINE" "$@" ;;
esac
"""


@pytest.fixture
def run(tmp_path: pathlib.Path):
    genuine = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    for name, text in {"cargo-deny": CARGO_DENY, "git": GIT}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    calls = tmp_path / "calls"

    def run(*options: str, reachable: bool, found: bool):
        calls.write_text("", encoding="utf-8")
        script = ROOT / "infra" / "local" / "advisories.py"
        done = subprocess.run(
            [sys.executable, str(script), str(tmp_path / "cargo-deny"), *options],
            env={
                "PATH": f"{tmp_path}:/usr/bin:/bin",
                "HOME": str(tmp_path),
                "CALLS": str(calls),
                "GENUINE": genuine,
                "UNREACHABLE": "0" if reachable else "128",
                "FOUND": "1" if found else "0",
            },
            capture_output=True,
            text=True,
        )
        return done, calls.read_text(encoding="utf-8").splitlines()

    return run


@pytest.mark.parametrize("options", [(), ("--if-reachable",)])
@pytest.mark.parametrize("found", [False, True])
def test_i10_a_known_vulnerability_fails(run, options, found):
    done, calls = run(*options, reachable=True, found=found)
    assert done.returncode == int(found), done.stderr
    assert calls == ["--locked check advisories"]
    assert "NOT checked" not in done.stderr


def test_i10_a_release_fails_where_nobody_knows(run):
    done, calls = run(reachable=False, found=False)
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert calls == []


@pytest.mark.parametrize("found", [False, True])
def test_i10_a_check_says_what_it_did_not_check_and_looks_for_yanked_versions(run, found):
    done, calls = run("--if-reachable", reachable=False, found=found)
    assert done.returncode == int(found), done.stderr
    assert "known vulnerabilities were NOT checked" in done.stderr
    assert len(calls) == 1 and calls[0].startswith("--locked --config ")
