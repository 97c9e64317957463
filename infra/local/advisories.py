"""Known vulnerabilities and yanked versions of the crates in Cargo.lock, by cargo-deny.

    advisories.py CARGO_DENY [--if-reachable]

The list of known vulnerabilities is a git repository. Where it cannot be reached nobody knows, so that the command
fails. With `--if-reachable` it says instead that nothing was checked, and checks what the crates' own index knows:
which versions were yanked.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = "https://github.com/RustSec/advisory-db"
# cargo-deny takes no list that is empty: this is an advisory about a crate that nobody has.
PLACEHOLDER = """```toml
[advisory]
id = "RUSTSEC-2000-0001"
package = "no-such-crate"
date = "2000-01-01"

[versions]
patched = [">= 1.0.0"]
```

# Nothing
"""


def is_reachable() -> bool:
    asked = subprocess.run(["git", "ls-remote", "--quiet", "--exit-code", LIST, "HEAD"], capture_output=True)
    return asked.returncode == 0


def check(cargo_deny: str, *options: str, env: dict[str, str] | None = None) -> int:
    command = [cargo_deny, "--locked", *options, "check", "advisories"]
    return subprocess.run(command, cwd=ROOT, env=env).returncode


def check_for_yanked(cargo_deny: str) -> int:
    """Checks with a list of its own in the place of the real one, which the caller's folder never sees."""
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        advisory = work / "list" / "crates" / "no-such-crate" / "RUSTSEC-2000-0001.md"
        advisory.parent.mkdir(parents=True)
        advisory.write_text(PLACEHOLDER, encoding="utf-8")
        git = ["git", "-C", str(work / "list"), "-c", "user.name=makegood", "-c", "user.email=makegood@localhost"]
        subprocess.run([*git, "init", "--quiet", "--initial-branch", "main"], check=True)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", "Stand in for the list"], check=True)
        config = (ROOT / "deny.toml").read_text(encoding="utf-8")
        ours = config.replace("[advisories]\n", f'[advisories]\ndb-path = "{work}/lists"\n', 1)
        (work / "deny.toml").write_text(ours, encoding="utf-8")
        instead = {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{work}/list.insteadOf",
            "GIT_CONFIG_VALUE_0": LIST,
        }
        return check(cargo_deny, "--config", f"{work}/deny.toml", env={**os.environ, **instead})


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("cargo_deny", help="the program")
    parser.add_argument("--if-reachable", action="store_true", help="do not fail where the list cannot be reached")
    arguments = parser.parse_args()
    if is_reachable():
        return check(arguments.cargo_deny)
    if not arguments.if_reachable:
        print(f"known vulnerabilities cannot be checked: {LIST} cannot be reached", file=sys.stderr)
        return 1
    code = check_for_yanked(arguments.cargo_deny)
    print(
        f"known vulnerabilities were NOT checked, yanked versions alone: {LIST} cannot be reached.\n"
        "Before anything is deployed, run `make advisories` where it can be.",
        file=sys.stderr,
    )
    return code


if __name__ == "__main__":
    sys.exit(main())
