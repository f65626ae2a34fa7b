"""What all tests share."""

import pytest
from hypothesis import HealthCheck, Phase, settings


@pytest.fixture
def always_threads(monkeypatch):
    """Use as many threads as setup() was asked for, however small the network."""
    from pyNN_fastsim.engine import network

    monkeypatch.setattr(network, "CELLS_PER_THREAD", 1)


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
settings.register_profile(
    "unshrunk",  # for mutate.py, which only wants to know whether a test fails
    settings.get_profile("quick"),
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("quick")
