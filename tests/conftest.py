"""What all tests share."""

import pytest
from hypothesis import HealthCheck, settings


@pytest.fixture
def always_threads(monkeypatch):
    """Use as many threads as setup() was asked for, however small the network."""
    from pyNN_fastsim.engine import network

    monkeypatch.setattr(network, "CELLS_PER_THREAD", 1)


# How many networks and calls hypothesis draws: a quick and always equal selection by default, thousands of
# new ones with --hypothesis-profile=deep.
settings.register_profile("quick", max_examples=30, derandomize=True, deadline=None)
settings.register_profile(
    "deep",
    max_examples=3000,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("quick")
