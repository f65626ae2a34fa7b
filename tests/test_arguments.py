"""What the fuzz found, each once: see test_fuzz.py."""

import numpy as np
import pytest
from pyNN.errors import ConnectionError, InvalidParameterValueError
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.space import Grid2D, Line

import pyNN_fastsim as sim


@pytest.fixture(autouse=True)
def new_network():
    sim.setup(timestep=0.1)


def cells(n=3, **parameters):
    return sim.Population(n, sim.IF_curr_exp(**parameters), label="cells")


@pytest.mark.parametrize("size", [10**12, 2**31, (2**20, 2**20), True, (), (1, 2, 3, 4)])
def test_sizes_that_no_population_has(size):
    with pytest.raises(ValueError, match="size"):
        cells(size)


def test_rates_for_which_there_is_no_room():
    with pytest.raises(InvalidParameterValueError, match="rate must not be above 1e.09, but is 1e.30"):
        sim.Population(2, sim.SpikeSourcePoisson(rate=1e30))


@pytest.mark.parametrize("value", [10**400, np.nan, np.inf, None, "a", 1j, {}, float])
def test_weights_and_delays_that_are_no_numbers(value):
    p = cells()
    projection = sim.Projection(p, p, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0))
    for name in ("weight", "delay"):
        if value is not None:
            with pytest.raises(InvalidParameterValueError, match=f"StaticSynapse: {name}"):
                sim.StaticSynapse(**{name: value})
        with pytest.raises((InvalidParameterValueError, ConnectionError), match=name):
            projection.set(**{name: value})
        with pytest.raises((InvalidParameterValueError, ConnectionError), match=name):
            setattr(projection[0], name, value)
    assert projection.get("weight", format="list", with_address=False) == [1.0] * 9


@pytest.mark.parametrize("simtime", [10**400, 1e300])
def test_times_that_are_too_long(simtime):
    with pytest.raises(ValueError, match="simtime"):
        sim.run(simtime)


def test_no_connection_drawn_with_replacement():
    none = RandomDistribution("uniform_int", low=0, high=1, rng=NumpyRNG(1))
    p = cells()
    for connector in (sim.FixedNumberPreConnector, sim.FixedNumberPostConnector):
        assert len(sim.Projection(p, p, connector(none, with_replacement=True), sim.StaticSynapse())) == 0


def test_probabilities_that_are_not_numbers():
    p = cells()
    with pytest.raises(ValueError, match="d_expression"):
        sim.Projection(p, p, sim.DistanceDependentProbabilityConnector(lambda d: np.nan * d))
    with pytest.raises(ValueError, match="d_expression"):
        sim.DistanceDependentProbabilityConnector("x +")


def test_structures_of_different_types():
    p = sim.Population(4, sim.IF_curr_exp(), structure=Line())
    assert p.positions[1].tolist() == [0.0] * 4
    p.structure = Grid2D()
    assert p.positions[1].tolist() != [0.0] * 4


def test_units_by_name_and_annotations_of_an_assembly(tmp_path):
    p = cells()
    assert p.find_units("v") == "mV"
    assembly = p + sim.Population(1, sim.IF_curr_exp())
    sim.record("v", assembly, str(tmp_path / "a.pkl"), annotations={"a": 1})
    assert assembly.get_data().annotations["a"] == 1


def test_cells_that_are_not_there():
    p = cells(5)
    with pytest.raises(IndexError, match="id 0"):
        p[1:3].id_to_index([int(p[1]), 0])
    with pytest.raises(IndexError, match="id 4"):
        sim.Assembly(p[:2]).id_to_index(4)
    assert (p[3:] + p[:2]).id_to_index(p.all_cells[[4, 0]]).tolist() == [1, 2]
    with pytest.raises(ValueError, match="5 cells.* 6"):
        p.sample(6)
    with pytest.raises(IndexError):
        p[2**70]
