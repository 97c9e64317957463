#!/usr/bin/env python3
"""Shows the main job on this machine: credits bought, spent, given back, expired and refunded.

Builds the binaries, deploys the template into an AWS emulator on loopback, plays ten steps through the real HTTP
API, queue and schedule, checks the result of each, and stops everything. The exit code is 0 only if all went as it
must.

examples:
  demo.py                        the whole demo; the stack is stopped at the end
  demo.py --keep                 leave the stack up, to look around in it; `stack.py down --name demo` stops it
  demo.py --name second          beside another demo: every stack has ports of its own
  demo.py --quiet                without the output of the build
"""

import argparse
import signal
import sys
import time

import stack as local_stack
from client import Stack
from story import Story, Unexpected


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="demo", help="the stack's name (default: demo)")
    parser.add_argument("--keep", action="store_true", help="leave the stack up at the end")
    parser.add_argument("--quiet", action="store_true", help="show the output of the build only if it fails")
    arguments = parser.parse_args()
    # A terminated demo stops its stack, as an interrupted one does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    stack = local_stack.up(arguments.name, arguments.quiet)
    started_s = time.monotonic() - began
    try:
        play(stack)
    finally:
        told_s = time.monotonic() - began - started_s
        if arguments.keep:
            print(f"\nThe stack is still up; `infra/local/stack.py down --name {arguments.name}` stops it.")
        else:
            local_stack.down(arguments.name)
    print(f"\nAll ten steps went as they must: {told_s:.1f} s, after {started_s:.1f} s to build and start.")


def play(stack: Stack) -> None:
    """Tells the story; whatever goes wrong ends the demo with one clear message."""
    try:
        Story(stack, "customer", sys.stdout).tell()
    except (Unexpected, RuntimeError, OSError) as error:
        raise SystemExit(f"\nThe demo failed: {error}\nLogs are in {stack.state['work']}") from error


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
