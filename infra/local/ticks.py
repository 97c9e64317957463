"""The schedule of a stack that is used by hand: a tick of the sweep every five minutes, until it is stopped.

Tests and the demo send their own ticks, so that nothing is swept between two of their steps.
"""

import sys
import time

from botocore.exceptions import BotoCoreError, ClientError
from client import Stack

# As `SweepSchedule` in the template.
EVERY_S = 300


def main() -> None:
    stack = Stack.load(sys.argv[1])
    while True:
        try:
            stack.tick()
        except (BotoCoreError, ClientError) as error:
            # The next tick does the same work.
            print(f"tick failed: {error}", file=sys.stderr, flush=True)
        time.sleep(EVERY_S)


if __name__ == "__main__":
    main()
