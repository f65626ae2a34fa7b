"""Inputs that follow a schedule, have common causes, or are pictures; functions that are called in runs."""

import numpy as np
import pytest
from pyNN import errors
from pyNN.parameters import Sequence

import pyNN_fastsim as sim
from pyNN_fastsim.engine.sources.timed import rectified

pytestmark = pytest.mark.big


def trains(cells):
    return [np.asarray(train) for train in cells.get_data().segments[0].spiketrains]


def made(celltype, n=1000, seed=1, runs=(1000.0,), **setup):
    sim.setup(timestep=0.1, rng_seed=seed, **setup)
    cells = sim.Population(n, celltype)
    cells.record("spikes")
    for duration in runs:
        sim.run(duration)
    return trains(cells)


def counts(spikes, edges):
    """Per cell."""
    return np.histogram(np.concatenate(spikes), bins=edges)[0] / len(spikes)


TIMED = {"rates": [40.0, 0.0, 2000.0], "schedule": [50.0, 150.05, 300.0]}


def test_rates_follow_the_schedule():
    """Nothing before the first time, the last rate for good; at any rate, numbers are Poisson's."""
    spikes = made(sim.TimedPoisson(**TIMED), n=2000, runs=[400.0])
    found = counts(spikes, [0.0, 50.0, 150.05, 150.15, 300.0, 400.0])
    assert found[0] == found[3] == 0.0
    expected = np.array([40.0 * 0.10005, 2000.0 * 0.1])
    assert np.abs(found[[1, 4]] - expected).max() < 5.0 * np.sqrt(expected.max() / 2000)
    assert np.abs(found[1] - expected[0]) < 5.0 * np.sqrt(expected[0] / 2000)
    numbers = np.array([np.sum(train > 300.0) for train in spikes])
    assert numbers.var() == pytest.approx(200.0, rel=0.2)


def test_a_period():
    """It begins again; what comes after its end never comes."""
    schedule = sim.TimedPoisson(rates=[100.0, 10.0, 5000.0], schedule=[0.0, 20.0, 60.0], period=50.0)
    found = counts(made(schedule), np.arange(0.0, 1001.0, 10.0)).reshape(20, 5)
    assert np.abs(found.mean(axis=0) - [1.0, 1.0, 0.1, 0.1, 0.1]).max() < 0.05
    assert not np.concatenate(made(sim.TimedPoisson(rates=[0.0], period=50.0))).size


def test_cells_with_schedules_of_their_own():
    """A table [times, cells], or a Sequence for each."""
    table = np.array([[10.0, 200.0], [100.0, 0.0]])
    columns = [Sequence(column) for column in table.T]
    given = [
        made(sim.TimedPoisson(rates=rates, schedule=[0.0, 500.0]), n=2)
        for rates in (table, table.tolist(), columns)
    ]
    for other in given[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(given[0], other, strict=True))
    assert 50 < len(given[0][1]) < 160 and given[0][1].max() <= 500.0
    assert np.sum(given[0][0] > 500.0) > 3 * np.sum(given[0][0] < 500.0)


def test_pieces_threads_and_seeds(always_threads):
    """make no difference, and a difference."""
    for celltype in (
        sim.TimedPoisson(**TIMED, period=330.0),
        sim.HomogeneousCorrelatedSpikeTrains(rates=[20.0, 80.0], corr=[0.3, 0.1], schedule=[0.0, 90.0]),
    ):
        once = made(celltype, n=300, runs=[400.0])
        for others in {"runs": [100.0, 50.1, 249.9]}, {"runs": [400.0], "threads": 2}:
            again = made(celltype, n=300, **others)
            assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
        other = made(celltype, n=300, runs=[400.0], seed=2)
        assert not all(np.array_equal(a, b) for a, b in zip(once, other, strict=True))


def test_a_schedule_is_changed_in_the_course_of_a_run():
    """Cells that keep theirs keep their spikes; the others spike at the new rate from now on."""
    sim.setup(timestep=0.1, rng_seed=1)
    cells = sim.Population(1000, sim.TimedPoisson(rates=[20.0]))
    cells.record("spikes")
    sim.run(100.0)
    cells[:500].set(rates=[200.0])
    sim.run(100.0)
    changed = trains(cells)
    found = counts(changed[:500], [0.0, 100.0, 110.0, 200.0])
    assert np.abs(found - [2.0, 2.0, 18.0]).max() < 1.0
    cells.set(rates=[0.0])
    sim.run(100.0)
    assert max(train.max(initial=0.0) for train in trains(cells)) <= 200.0
    kept = made(sim.TimedPoisson(rates=[20.0]), runs=[200.0])
    assert all(np.array_equal(a, b) for a, b in zip(changed[500:], kept[500:], strict=True))


def test_reset_begins_again():
    sim.setup(timestep=0.1)
    cells = sim.Population(500, sim.TimedPoisson(**TIMED))
    cells.record("spikes")
    for _ in range(2):
        sim.run(150.0)
        sim.reset()
    first, second = (
        [np.asarray(t) for t in segment.spiketrains] for segment in cells.get_data().segments[:2]
    )
    for spikes in first, second:
        assert counts(spikes, [0.0, 50.0])[0] == 0.0
        assert counts(spikes, [50.0, 150.0])[0] == pytest.approx(4.0, abs=0.5)
    assert not all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def covariance(spikes, width, until):
    """Mean rate (Hz), and the covariance of numbers of spikes in bins of two cells, over the mean number."""
    edges = np.arange(0.0, until + width / 2, width)
    numbers = np.array([np.histogram(train, edges)[0] for train in spikes], dtype=float)
    total = numbers.sum(axis=0)
    n = len(spikes)
    between = (total.var() - numbers.var(axis=1).sum()) / (n * (n - 1))
    return 1e3 * numbers.mean() / width, between / numbers.mean()


def test_correlated_trains():
    """The rate; and in bins much longer than tau, covariance over mean, which is nearly `corr`."""
    for corr in 0.0, 0.1:
        celltype = sim.HomogeneousCorrelatedSpikeTrains(rates=40.0, corr=corr, tau=5.0)
        rate, between = covariance(made(celltype, n=100, runs=[20000.0]), 50.0, 20000.0)
        assert rate == pytest.approx(40.0, rel=0.05)  # two standard deviations
        # Two-sided exponential of the time constant tau, in bins of width T.
        expected = corr * (1.0 - 5.0 / 50.0 * (1.0 - np.exp(-50.0 / 5.0)))
        assert between == pytest.approx(expected, abs=0.02)


def test_correlated_trains_follow_a_schedule():
    celltype = sim.HomogeneousCorrelatedSpikeTrains(
        rates=[10.0, 100.0], corr=0.01, schedule=[0.0, 500.0], tau=1.0
    )
    found = counts(made(celltype), [0.0, 500.0, 510.0, 1000.0])
    assert found == pytest.approx([5.0, 1.0, 49.0], rel=0.15)


@pytest.mark.parametrize(("rate", "corr", "tau"), [(10.0, 0.3, 10.0), (50.0, 0.01, 5.0), (5.0, 2.0, 3.0)])
def test_moments_of_what_is_cut_off(rate, corr, tau):
    mean, sd = rectified(rate, corr, tau)
    x = np.linspace(mean - 10.0 * sd, mean + 10.0 * sd, 200_001)
    density = np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * np.sqrt(2.0 * np.pi))
    first, second = (np.trapezoid(np.maximum(x, 0.0) ** k * density, x) for k in (1, 2))
    assert first == pytest.approx(rate, rel=1e-6)
    assert second - first**2 == pytest.approx(corr * rate / (2e-3 * tau), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("TimedPoisson", {"rates": [1.0, 2.0]}, "rates must have one value for each time"),
        ("TimedPoisson", {"rates": [-1.0]}, "rates must be from 0"),
        ("TimedPoisson", {"rates": [1.0, 2.0], "schedule": [5.0, 5.0]}, "increasing"),
        ("TimedPoisson", {"rates": [np.nan]}, "rates"),
        ("TimedPoisson", {"rates": "x"}, "rates"),
        ("TimedPoisson", {"schedule": [-1.0]}, "from 0 on"),
        ("HomogeneousCorrelatedSpikeTrains", {"tau": 0.0}, "tau"),
        ("HomogeneousCorrelatedSpikeTrains", {"corr": -0.1}, "corr must be from 0"),
        ("HomogeneousCorrelatedSpikeTrains", {"tau": [1.0, 2.0]}, "tau must be the same for all cells"),
        ("HomogeneousCorrelatedSpikeTrains", {"rates": [[1.0, 2.0]]}, "rates must be the same"),
    ],
)
def test_mistakes(name, arguments, words):
    sim.setup()
    with pytest.raises(errors.InvalidParameterValueError, match=words):
        sim.Population(2, getattr(sim, name)(**arguments))


def test_a_picture_is_a_population(tmp_path):
    """Upright: the pixel at the top left is the cell with the least x and the largest y."""
    pixels = np.arange(6).reshape(2, 3) * 50
    picture = sim.Image(pixels)
    sim.setup()
    source = sim.SpikeSourcePoisson(rate=100.0 * picture.values)
    cells = sim.Population(picture.size, source, structure=picture.structure)
    for rate, (x, y, _) in zip(cells.get("rate"), cells.positions.T, strict=True):
        assert rate == pytest.approx(100.0 * pixels[1 - int(y), int(x)] / 255.0)
    assert np.array_equal(picture.as_picture(picture.values), pixels / 255.0)
    colours = np.zeros((2, 3, 3), dtype=np.uint8)
    colours[..., 1] = 255
    assert sim.Image(colours).values == pytest.approx(np.full(6, 0.587))
    files = pytest.importorskip("PIL.Image")
    files.fromarray(pixels.astype(np.uint8)).save(tmp_path / "a.png")
    assert sim.Image(tmp_path / "a.png").values == pytest.approx(picture.values)
    for wrong in np.ones(3), np.ones((2, 2, 2)), "x y", [[np.inf]]:
        with pytest.raises((ValueError, OSError)):
            sim.Image(wrong)


def test_a_film_is_a_population():
    """Pictures over time: each cell has its pixel's rates."""
    film = np.zeros((2, 2, 3))
    film[0, 0, 0], film[1, 1, 2] = 100.0, 200.0  # top left, then bottom right
    spikes = made(sim.TimedPoisson(rates=film, schedule=[0.0, 500.0]), n=6)
    places = sim.Image(film[0]).structure.generate_positions(6).T
    for train, (x, y, _) in zip(spikes, places, strict=True):
        if (x, y) == (0, 1):
            assert 20 < len(train) and train.max() <= 500.0
        elif (x, y) == (2, 0):
            assert 50 < len(train) and train.min() > 500.0
        else:
            assert not len(train)


# --- values -------------------------------------------------------------------------------------------


def values(celltype, n=1, runs=(1.0,), **setup):
    sim.setup(timestep=0.1, **setup)
    cells = sim.Population(n, celltype)
    cells.record("r")
    for duration in runs:
        sim.run(duration)
    return cells.get_data().segments[0].analogsignals[0].magnitude


def test_a_timed_array():
    """With a schedule that is a list, a distance, or nothing; and with a period."""
    rates = [1.0, -2.0, 3.0]
    found = values(sim.TimedArray(rates=rates, schedule=[0.2, 0.3, 0.7]))[:, 0]
    assert found.tolist() == [0, 0, 1, -2, -2, -2, -2, 3, 3, 3, 3]
    found = values(sim.TimedArray(rates=rates, schedule=0.4))[:, 0]
    assert found.tolist() == [1, 1, 1, 1, -2, -2, -2, -2, 3, 3, 3]
    found = values(sim.TimedArray(rates=rates))[:, 0]
    assert found.tolist() == [1, -2, 3, 3, 3, 3, 3, 3, 3, 3, 3]
    for runs in [1.0], [0.3, 0.1, 0.6]:
        found = values(sim.TimedArray(rates=rates, schedule=0.2, period=0.5), runs=runs)[:, 0]
        assert found.tolist() == [1, 1, -2, -2, 3, 1, 1, -2, -2, 3, 1]


def test_a_timed_array_is_transmitted_and_can_be_changed():
    sim.setup(timestep=0.1)
    pattern = np.array([[1.0, 0.0, 2.0], [0.0, 5.0, 0.0]])
    source = sim.Population(3, sim.TimedArray(rates=pattern, schedule=5.0))
    units = sim.Population(3, sim.Neuron(equations="r = sum(exc)")())
    sim.Projection(source, units, sim.OneToOneConnector(), sim.StaticSynapse(weight=2.0, delay=1.0))
    units.record("r")
    sim.run(10.0)
    source.set(rates=[-1.0])
    sim.run(5.0)
    found = units.get_data().segments[0].analogsignals[0].magnitude
    assert np.array_equal(found[30], 2.0 * pattern[0]) and np.array_equal(found[90], 2.0 * pattern[1])
    assert np.array_equal(found[-1], [-2.0] * 3)
    sim.reset()
    sim.run(1.0)
    assert source.get("rates") is not None
    with pytest.raises(errors.InvalidParameterValueError, match="one value for each time"):
        sim.Population(2, sim.TimedArray(rates=[1.0, 2.0, 3.0], schedule=[1.0, 2.0]))


# --- every --------------------------------------------------------------------------------------------


def test_every():
    sim.setup(timestep=0.1)
    calls = {"a": [], "b": [], "c": [], "d": []}
    for name, arguments in (
        ("a", (10.0,)),
        ("b", (10.0, -2.0)),
        ("c", (7.03, 3.0, 20.0)),
    ):
        sim.every(*arguments)(lambda t, name=name: calls[name].append(round(t, 6)))

    @sim.every(0.01)
    def each_step(t):
        calls["d"].append(t)

    assert each_step.__name__ == "each_step"
    seen = []
    sim.run(15.0, callbacks=[lambda t: seen.append(t) or t + 5.0])
    sim.run(0.1)
    sim.run_until(40.0)
    assert calls["a"] == [0.0, 10.0, 20.0, 30.0, 40.0]
    assert calls["b"] == [8.0, 18.0, 28.0, 38.0]
    assert calls["c"] == [23.0, 30.1, 37.1]
    assert len(calls["d"]) == 401 and len(seen) == 4
    sim.reset()
    sim.run(5.0)
    assert calls["a"][5:] == [0.0]
    sim.setup()
    sim.run(5.0)
    assert len(calls["a"]) == 6


def test_every_can_change_the_network():
    """As a script would between two runs."""
    sim.setup(timestep=0.1)
    cells = sim.Population(3, sim.IF_curr_exp())
    cells.record("v")

    @sim.every(10.0)
    def stronger(t):
        cells.set(i_offset=0.01 * t)

    sim.run(50.0)
    v = cells.get_data().segments[0].analogsignals[0].magnitude
    sim.setup(timestep=0.1)
    cells = sim.Population(3, sim.IF_curr_exp())
    cells.record("v")
    for k in range(5):
        cells.set(i_offset=0.01 * 10.0 * k)
        sim.run(10.0)
    assert np.array_equal(v, cells.get_data().segments[0].analogsignals[0].magnitude)


@pytest.mark.parametrize("arguments", [(0.0,), ("x",), (np.inf,), (1.0, np.nan), (1.0, 0.0, -1.0)])
def test_mistakes_of_every(arguments):
    with pytest.raises(ValueError, match=r"every\(\)"):
        sim.every(*arguments)
    with pytest.raises(TypeError, match="function"):
        sim.every(1.0)(3)
