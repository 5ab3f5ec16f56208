"""Random cases, each drawn from the seed and its own number, so that one that failed can be run alone."""

import random
import time

import pytest


@pytest.fixture
def draws(request):
    """(what to give pytest to run this case alone, its source of random numbers), for as long as the time box lasts."""
    cases, seed, first, seconds = (
        request.config.getoption(f"--fuzz-{name}") for name in ("cases", "seed", "first", "seconds")
    )

    def draw():
        end = time.monotonic() + seconds
        for number in range(first, first + cases):
            if time.monotonic() > end:
                request.node.add_report_section("call", "fuzz", f"the time box ended after {number - first} cases")
                return
            yield f"--fuzz-seed {seed} --fuzz-first {number} --fuzz-cases 1", random.Random(f"{seed}:{number}")

    return draw()
