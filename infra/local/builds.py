"""Building: the release binaries in a cheaper profile, and `sam build` on top of them.

`sam build` runs cargo-lambda once per function. One call for all of them comes first, with the same settings, so
that those six find everything fresh and cost a fraction of a second each.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

from places import CARGO_TARGET, CREEM_STAND_IN, FUNCTIONS, LOCAL, MAKEGOOD, ROOT, STAND_IN

SAM = LOCAL / "sam" / "bin" / "sam"
ARCHITECTURE = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"

# Same code, same panics and overflow checks as in a release, without what only makes it smaller and faster.
PROFILE = {
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",
    # After a change only what it touches is compiled again, within a crate too.
    "CARGO_PROFILE_RELEASE_INCREMENTAL": "true",
    # The binaries run on this machine: its own linker will do, without zig.
    "CARGO_LAMBDA_COMPILER": "cargo",
    "CARGO_TARGET_DIR": str(CARGO_TARGET),
}


def build_environment() -> dict[str, str]:
    """The caller's environment with the local profile, and cargo-lambda on the path."""
    path = f"{LOCAL / 'sam' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, **PROFILE, "PATH": path, "SAM_CLI_TELEMETRY": "0"}


def build_binaries(quiet: bool) -> None:
    """Builds all binaries that a stack needs; cargo's own progress goes to the terminal."""
    if sys.platform != "linux":
        raise SystemExit("the local stack runs the functions as Linux processes: use Linux, or a container of it")
    command = ["cargo", "lambda", "build", "--release", "--locked"]
    if ARCHITECTURE == "arm64":
        command.append("--arm64")
    functions = [argument for name in FUNCTIONS for argument in ("--bin", name)]
    tools = ["--package", "testkit", "--package", "makegood"]
    tools += [argument for name in (STAND_IN, CREEM_STAND_IN, MAKEGOOD) for argument in ("--bin", name)]
    # The functions by themselves, with the features that `sam build` will ask for.
    for binaries in (functions, tools):
        _run([*command, *binaries], build_environment(), quiet)


def sam_build(build_folder: Path) -> None:
    """Turns the template and the built binaries into what `sam deploy` uploads."""
    command = [str(SAM), "build", "--config-env", "local", "--build-dir", str(build_folder)]
    command += ["--parameter-overrides", f"Architecture={ARCHITECTURE}"]
    _run(command, build_environment(), quiet=True)


def _run(command: list[str], env: dict[str, str], quiet: bool) -> None:
    """Runs a build step; when quiet, its output is shown only if it fails."""
    done = subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=quiet)
    if done.returncode != 0:
        if quiet:
            sys.stderr.buffer.write(done.stdout + done.stderr)
        raise SystemExit(f"`{' '.join(command[:3])}` failed")
