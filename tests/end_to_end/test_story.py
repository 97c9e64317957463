"""The story of the demo, with a customer of its own."""

import sys

from scene import add_customer
from story import Story


def test_the_story_of_the_demo(stack):
    Story(stack, add_customer(stack).owner, sys.stdout).tell()
