"""The schedules of a stack that is used by hand: a tick of each every five minutes, until it is stopped. The daily one
compares what is new.

Tests and the demo send their own ticks, so that nothing is swept between two of their steps.
"""

import sys
import time

from botocore.exceptions import BotoCoreError, ClientError
from client import SCHEDULES, Stack

# As in the template.
EVERY_S = 300


def main() -> None:
    stack = Stack.load(sys.argv[1])
    while True:
        for schedule in SCHEDULES:
            try:
                stack.tick(schedule)
            except (BotoCoreError, ClientError) as error:
                # The next tick does the same work.
                print(f"tick of {schedule} failed: {error}", file=sys.stderr, flush=True)
        time.sleep(EVERY_S)


if __name__ == "__main__":
    main()
