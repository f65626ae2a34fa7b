"""What all tests share."""

import pytest
from hypothesis import HealthCheck, Phase, settings

from pyNN_fastsim.engine.compiling.settings import INTERPRETED


@pytest.fixture
def always_threads(monkeypatch):
    """Use as many threads as setup() was asked for, however small the network."""
    from pyNN_fastsim.engine import preparation

    monkeypatch.setattr(preparation, "CELLS_PER_THREAD", 1)


# How many networks and calls hypothesis draws: a quick and always equal selection by default, thousands of
# new ones with --hypothesis-profile=deep.
settings.register_profile(
    "quick", max_examples=30, derandomize=True, deadline=None, report_multiple_bugs=False
)
settings.register_profile(
    "deep",
    max_examples=3000,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile("interpreted", settings.get_profile("quick"), max_examples=4)
default = settings.get_profile("interpreted" if INTERPRETED else "quick")
settings.register_profile(
    "unshrunk",  # for mutate.py, which only wants to know whether a test fails
    default,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("interpreted" if INTERPRETED else "quick")


def pytest_runtest_setup(item):
    """Without the compiler: only small cases, and nothing about machine code."""
    for name in "big", "compiles":
        if INTERPRETED and item.get_closest_marker(name):
            pytest.skip(f"marked as '{name}', and this is a run without the compiler")
