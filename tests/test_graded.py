"""
Graded units and connections: what a user sees of them. Whole networks are in test_graded_networks.py.
"""

import math

import numpy as np
import pytest
from pyNN import errors

import pyNN_fastsim as sim

pytestmark = pytest.mark.usefixtures("always_threads")

DT = 0.1
UNIT = {"parameters": {"tau": 10.0, "B": 0.0}, "name": "Unit"}


def unit(equations, **more):
    return sim.Neuron(equations=equations, **{**UNIT, **more})


RELAY = unit("r = B + sum(exc)")  # what it gets, a step later


def recorded(cells, name="r", segment=-1):
    return cells.get_data(name).segments[segment].analogsignals[0].magnitude


@pytest.fixture(autouse=True)
def network():
    sim.setup(timestep=DT, rng_seed=1)


# --- time and delays ---


@pytest.mark.parametrize("steps", [0, 1, 2, 5, 9])
def test_a_step_sees_what_was_transmitted_a_delay_before_its_beginning(steps):
    source = sim.Population(1, unit("dr/dt = 1"))  # r = t
    target = sim.Population(1, RELAY())
    sim.Projection(source, target, sim.AllToAllConnector(), sim.StaticSynapse(weight=2.0, delay=steps * DT))
    target.record("r")
    sim.run(2.0)
    t = DT * np.arange(21)
    expected = 2.0 * np.maximum(t - DT - steps * DT, 0.0)
    np.testing.assert_allclose(recorded(target)[1:, 0], expected[1:], atol=1e-12)


def test_the_default_is_no_delay_and_before_the_beginning_all_was_as_then():
    source, target = sim.Population(2, unit("dr/dt = 1")), sim.Population(2, RELAY())
    source.initialize(r=[3.0, 4.0])
    now = sim.Projection(source, target, sim.OneToOneConnector(), sim.StaticSynapse(weight=1.0))
    sim.Projection(source, target, sim.OneToOneConnector(), sim.StaticSynapse(weight=1.0, delay=1.0))
    target.record("r")
    sim.run(DT)
    assert now.get("delay", "list", with_address=False) == [0.0, 0.0]
    np.testing.assert_allclose(recorded(target)[1], [6.0, 8.0])


def test_an_assembly_of_units_that_transmit_different_variables():
    leaky, of_nest = sim.Population(1, sim.LeakyIntegrator()), sim.Population(1, sim.lin_rate_ipn())
    target = sim.Population(1, RELAY())
    leaky.initialize(r=2.0)
    of_nest.initialize(rate=3.0)
    weights = np.array([[1.0], [10.0]])
    sim.Projection(leaky + of_nest, target, sim.AllToAllConnector(), sim.StaticSynapse(weight=weights))
    target.record("r")
    sim.run(DT)
    assert recorded(target)[1, 0] == 32.0


def test_connections_that_are_added_later_leave_others_what_they_were():
    projection = learning_pair(sim.IBCM, eta=0.02, tau=1.0)
    again = learning_pair(sim.IBCM, eta=0.02, tau=1.0)
    sim.run(0.5)
    again._convergent_connect(np.array([0]), 0, weight=0.7, delay=0.0, eta=0.02, tau=1.0, w_min=0.0)
    assert len(again) == 3
    sim.run(0.5)
    np.testing.assert_array_equal(weights(again)[[0, 2]], weights(projection))  # by (pre, post)
    sim.reset()
    np.testing.assert_array_equal(weights(again), [0.5, 0.7, 0.5])


def test_of_what_is_forgotten_the_oldest_that_is_kept_counts():
    source, target = sim.Population(1, unit("dr/dt = 1")), sim.Population(1, RELAY())
    made = sim.Projection(source, target, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0))
    target.record("r")
    sim.run(2.0)  # two values are kept: those of 1.9 and 2.0 ms
    made.set(delay=1.0)
    sim.run(2.0)
    t = DT * np.arange(21, 41)
    np.testing.assert_allclose(recorded(target)[21:, 0], np.maximum(t - DT - 1.0, 1.9), rtol=1e-12)


def test_before_a_first_connection_was_made_all_was_as_then():
    source, target = sim.Population(1, unit("dr/dt = 1")), sim.Population(1, RELAY())
    target.record("r")
    sim.run(2.0)
    sim.Projection(source, target, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0, delay=0.5))
    sim.run(1.0)
    t = DT * np.arange(21, 31)
    np.testing.assert_allclose(recorded(target)[21:, 0], np.maximum(t - DT - 0.5, 2.0), rtol=1e-12)


def test_a_delayed_linear_system_is_its_analytic_solution():
    """dv/dt = -v(t - 1), v = 1 before 0: by the method of steps, polynomials between the delays."""
    for dt in 0.01, 0.005:
        sim.setup(timestep=dt)
        cell = sim.Population(1, unit("dr/dt = sum(exc)"))
        cell.initialize(r=1.0)
        sim.Projection(cell, cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=-1.0, delay=1.0))
        cell.record("r")
        sim.run(3.0)
        r = recorded(cell)[:, 0]
        t = dt * np.arange(len(r))
        powers = [np.maximum(t - (k - 1), 0.0) ** k / math.factorial(k) for k in range(1, 5)]
        exact = 1.0 + sum((-1.0) ** k * power for k, power in enumerate(powers, 1))
        error = np.max(np.abs(r - exact))
        assert error < dt  # of order 1: what arrives is held over a step
    assert error > 1e-5


@pytest.mark.parametrize(
    ("method", "order"), [("explicit", 1), ("exponential", 1), ("midpoint", 2), ("rk4", 4)]
)
def test_methods_converge_at_their_orders(method, order):
    errors_of = []
    for dt in 0.2, 0.1:
        sim.setup(timestep=dt)
        slope = "-r * abs(r) * x" if method != "exponential" else "-r * x"
        cells = sim.Population(1, unit(f"dr/dt = {slope} : {method}\ndx/dt = r * r - x : {method}")())
        cells.initialize(r=1.0, x=0.5)
        sim.run(4.0)
        errors_of.append(cells._block.state["r"][0])
    sim.setup(timestep=0.0125)
    cells = sim.Population(1, unit(f"dr/dt = {slope} : rk4\ndx/dt = r * r - x : rk4")())
    cells.initialize(r=1.0, x=0.5)
    sim.run(4.0)
    far = [abs(value - cells._block.state["r"][0]) for value in errors_of]
    assert far[0] / far[1] == pytest.approx(2.0**order, rel=0.25)


# --- what arrives ---


def test_receptors_are_summed_apart_and_together():
    source = sim.Population(1, unit("r = 1"))
    target = sim.Population(1, unit("r = sum(exc) - 2 * sum(inh)\ns = sum()\nq = 3 * sum(ampa)"))
    source.initialize(r=1.0)
    assert target.celltype.receptor_types == ("excitatory", "inhibitory", "ampa")
    for receptor, weight in ("excitatory", 1.0), ("inhibitory", 10.0), ("ampa", 100.0), (None, 1000.0):
        sim.Projection(
            source, target, sim.AllToAllConnector(), sim.StaticSynapse(weight=weight), receptor_type=receptor
        )
    target.record(["r", "s", "q"])
    sim.run(DT)
    assert [recorded(target, name)[1, 0] for name in "rsq"] == [981.0, 1111.0, 300.0]


@pytest.mark.parametrize(
    ("operation", "expected"), [("sum", 2.5), ("mean", 2.5 / 3), ("max", 2.0), ("min", -0.5)]
)
def test_operations(operation, expected):
    source = sim.Population(4, unit("r = B")(B=[1.0, 2.0, -0.5, 100.0]))
    target = sim.Population(2, RELAY())
    source.initialize(r=[1.0, 2.0, -0.5, 100.0])
    synapse = sim.Synapse(psp="w * pre.r", operation=operation)
    connector = sim.FromListConnector([(0, 0), (1, 0), (2, 0)])
    sim.Projection(source, target, connector, synapse(w=1.0))
    target.record("r")
    sim.run(DT)
    np.testing.assert_allclose(recorded(target)[1], [expected, 0.0])


def test_what_all_cells_have_in_common():
    cells = sim.Population(3, unit("m = mean(r); a = max(r); i = min(r); n = norm1(r); e = norm2(r)\nr = B"))
    cells.set(B=[3.0, -4.0, 0.0])
    cells.initialize(r=[3.0, -4.0, 0.0])
    cells.record("all")
    sim.run(DT)
    found = [recorded(cells, name)[1] for name in "maine"]
    np.testing.assert_allclose(found, np.repeat([[-1 / 3], [3.0], [-4.0], [7.0], [5.0]], 3, axis=1))


def test_current_into_spiking_cells_adds_to_other_currents():
    source = sim.Population(2, unit("r = B")(B=0.5))
    source.initialize(r=0.5)
    cells = sim.Population(3, sim.IF_curr_exp(v_thresh=1000.0))
    alike = sim.Population(3, sim.IF_curr_exp(v_thresh=1000.0))
    made = [
        sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=w))
        for w in (0.2, 0.3)
    ]
    assert made[0].receptor_type == "current"
    for some, amplitude in (cells, 0.1), (alike, 0.6):
        sim.DCSource(amplitude=amplitude, start=1.0).inject_into(some[:2])
    sim.DCSource(amplitude=0.5, start=0.0).inject_into(alike[2:])
    sim.DCSource(amplitude=0.5, start=0.0, stop=1.0).inject_into(alike[:2])
    for some in cells, alike:
        some.record("v")
    sim.run(5.0)
    np.testing.assert_allclose(recorded(cells, "v"), recorded(alike, "v"), rtol=1e-12)


def test_current_and_gap_junctions_go_together():
    def pair(with_current):
        sim.setup(timestep=DT)
        cells = sim.Population(2, sim.IF_curr_exp(v_thresh=1000.0))
        sim.Projection(cells[:1], cells[1:], sim.AllToAllConnector(), sim.ElectricalSynapse(weight=0.01))
        if with_current:
            source = sim.Population(1, unit("r = 1"))
            source.initialize(r=1.0)
            sim.Projection(source, cells[:1], sim.AllToAllConnector(), sim.StaticSynapse(weight=0.5))
        else:
            sim.DCSource(amplitude=0.5).inject_into(cells[:1])
        cells.record("v")
        sim.run(3.0)
        return recorded(cells, "v")

    np.testing.assert_allclose(pair(True), pair(False), rtol=1e-12)


# --- spikes and rates ---


def test_spikes_become_a_rate():
    times = [1.0, 1.5, 1.5, 4.0]
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    target = sim.Population(1, RELAY())
    sim.Projection(
        source, target, sim.AllToAllConnector(), sim.RateFromSpikes(weight=2.0, tau=5.0, delay=0.3)
    )
    target.record("r")
    sim.run(6.0)
    ends = DT * np.arange(61) - DT - 0.3
    expected = sum(2000.0 / 5.0 * np.exp(-(ends - t) / 5.0) * (ends > t - 1e-6) for t in times)
    np.testing.assert_allclose(recorded(target)[1:, 0], expected[1:], rtol=1e-10, atol=1e-12)


def test_counted_spikes_become_a_rate_too():
    """A Poisson source with many spikes counts them instead of listing them."""
    source = sim.Population(200, sim.SpikeSourcePoisson(rate=3000.0))
    target = sim.Population(1, RELAY())
    sim.Projection(source, target, sim.AllToAllConnector(), sim.RateFromSpikes(weight=1.0 / 200, tau=20.0))
    target.record("r")
    sim.run(200.0)
    assert recorded(target)[1500:].mean() == pytest.approx(3000.0, rel=0.02)


def test_a_rate_becomes_spikes():
    source = sim.Population(1, unit("r = 40 + 20 * sin(0.0628318530718 * t)"))
    cells = sim.Population(400, sim.SpikesFromRate(rate=5.0))
    sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0))
    cells.record(["spikes", "r"])
    sim.run(1000.0)
    segment = cells.get_data().segments[0]
    times = np.concatenate([train.magnitude for train in segment.spiketrains])
    assert len(times) / 400 == pytest.approx(45.0, rel=0.03)
    first, second = (np.sum((times % 100.0 >= lo) & (times % 100.0 < lo + 50.0)) for lo in (0.0, 50.0))
    assert first / second == pytest.approx((45 + 40 / np.pi) / (45 - 40 / np.pi), rel=0.05)


def test_rate_to_spike_to_rate_in_one_script():
    before = sim.Population(1, sim.LeakyIntegrator(B=30.0))
    cells = sim.Population(500, sim.SpikesFromRate())
    after = sim.Population(1, sim.LeakyIntegrator(tau=5.0))
    everyone = sim.AllToAllConnector()
    sim.Projection(before, cells, everyone, sim.StaticSynapse(weight=1.0))
    sim.Projection(cells, after, everyone, sim.RateFromSpikes(weight=1.0 / 500, tau=20.0))
    after.record("r")
    sim.run(400.0)
    assert recorded(after)[2000:].mean() == pytest.approx(30.0, rel=0.05)


# --- learning ---


def learning_pair(synapse, **more):
    """Two sources of 1 and 2, one target of 3, all from the beginning on."""
    sources, target = (sim.Population(len(b), unit("r = B + 0 * sum(exc)")(B=b)) for b in ([1.0, 2.0], [3.0]))
    sources.initialize(r=[1.0, 2.0])
    target.initialize(r=3.0)
    return sim.Projection(sources, target, sim.AllToAllConnector(), synapse(weight=0.5, **more))


def weights(projection):
    return np.array(projection.get("weight", "list", with_address=False))


@pytest.mark.parametrize(
    "source",
    ["dw/dt = eta * (pre.r * post.r - alpha * post.r^2 * w) : min=0.0", None],
    ids=["equations", "built in"],
)
def test_oja(source):
    synapse = sim.Oja if source is None else sim.Synapse({"eta": 0.01, "alpha": 1.0}, source)
    projection = learning_pair(synapse, eta=0.02, alpha=0.5)
    sim.run(3 * DT)
    w, pre = np.array([0.5, 0.5]), np.array([1.0, 2.0])
    for _ in range(3):
        w = w + DT * 0.02 * (pre * 3.0 - 0.5 * 9.0 * w)
    np.testing.assert_allclose(weights(projection), w, rtol=1e-14)


@pytest.mark.parametrize(
    "equations",
    [
        """
        tau * dtheta/dt + theta = post.r^2 : postsynaptic, exponential
        dw/dt = eta * post.r * (post.r - theta) * pre.r : min=0.0, explicit
        """,
        None,
    ],
    ids=["equations", "built in"],
)
def test_ibcm(equations):
    synapse = sim.IBCM if equations is None else sim.Synapse({"eta": 0.01, "tau": 2000.0}, equations)
    projection = learning_pair(synapse, eta=0.02, tau=1.0)
    projection.record(["weight", "theta"])
    sim.run(20 * DT)
    w, theta, pre, thetas = np.array([0.5, 0.5]), 0.0, np.array([1.0, 2.0]), [0.0]
    for _ in range(20):
        theta += (1 - np.exp(-DT)) * (9.0 - theta)
        w = np.maximum(w + DT * 0.02 * 3.0 * (3.0 - theta) * pre, 0.0)
        thetas.append(theta)
    np.testing.assert_allclose(weights(projection), w, rtol=1e-12)
    found = {s.name: s.magnitude for s in projection.get_data().segments[0].analogsignals}
    np.testing.assert_allclose(found["theta"], np.repeat(np.array(thetas)[:, None], 2, axis=1), rtol=1e-12)
    np.testing.assert_allclose(found["weight"][-1], w, rtol=1e-12)


def test_hebb_and_its_opposite():
    projection = learning_pair(sim.Hebb, eta=0.1)
    sim.run(DT)
    np.testing.assert_allclose(weights(projection), [0.5 + DT * 0.3, 0.5 + DT * 0.6])
    sim.setup(timestep=DT)
    anti = sim.Synapse({"eta": 0.1}, "dw/dt = -eta * pre.r * post.r : min=-0.2")
    projection = learning_pair(anti)
    sim.run(2.0)
    np.testing.assert_allclose(weights(projection), [-0.1, -0.2])


def test_a_reward_modulated_rule():
    """Miconi 2017, eLife 6:e20899: a trace of correlations, changed into weights when there is a reward."""
    rule = sim.Synapse(
        parameters={
            "eta": 0.1, "phase": sim.Parameter(0.0, "global"), "error": sim.Parameter(0.0, "global"),
            "mean_error": sim.Parameter(0.0, "global"), "most": 0.005,
        },
        equations="""
            trace += if phase < 0.5: power(pre.r * post.r, 3) else: 0.0
            delta_w = if phase > 0.5: eta * trace * mean_error * (error - mean_error)
                else: 0.0 : min=-most, max=most
            w += if phase > 0.5: delta_w else: 0.0
        """,
    )  # fmt: skip
    projection = learning_pair(rule)
    sim.run(4 * DT)
    np.testing.assert_array_equal(weights(projection), [0.5, 0.5])
    projection.set(phase=1.0, error=0.002, mean_error=0.001, eta=10.0)
    sim.run(DT)
    expected = np.clip(10.0 * 4 * np.array([27.0, 216.0]) * 0.001 * 0.001, -0.005, 0.005)
    np.testing.assert_allclose(weights(projection), 0.5 + expected, rtol=1e-12)


def test_equations_that_follow_one_another_are_solved_together():
    projection = learning_pair(sim.Synapse({}, "dx/dt = pre.r - 4 * w\ndw/dt = x"))
    sim.run(3 * DT)
    w, x, pre = np.array([0.5, 0.5]), np.zeros(2), np.array([1.0, 2.0])
    for _ in range(3):
        w, x = w + DT * x, x + DT * (pre - 4.0 * w)
    np.testing.assert_allclose(weights(projection), w, rtol=1e-14)


def test_learning_can_be_switched_off_and_on():
    projection = learning_pair(sim.Hebb, eta=0.1)
    projection.disable_learning()
    sim.run(2 * DT)
    np.testing.assert_array_equal(weights(projection), [0.5, 0.5])
    projection.enable_learning()
    sim.run(DT)
    np.testing.assert_allclose(weights(projection), [0.53, 0.56])


def test_learning_at_periods_takes_whole_ones():
    projection = learning_pair(sim.Hebb, eta=0.1)
    projection.enable_learning(period=5 * DT, offset=2 * DT)
    projection.record("weight")
    sim.run(12 * DT)
    w = projection.get_data().segments[0].analogsignals[0].magnitude[:, 0]
    steps = np.floor((np.arange(13) + 2) / 5)  # in the steps that begin at 2 dt, 7 dt, ...
    np.testing.assert_allclose(w, 0.5 + steps * 0.3 * 5 * DT)


@pytest.mark.parametrize(
    "arguments", [{"period": 0.15}, {"period": 0.5, "offset": 0.5}, {"period": 0.5, "offset": -0.1}]
)
def test_periods_that_cannot_be(arguments):
    projection = learning_pair(sim.Hebb)
    with pytest.raises((ValueError, errors.InvalidParameterValueError), match="period"):
        projection.enable_learning(**arguments)


def test_only_what_learns_in_each_step_can_be_told_to():
    cells = sim.Population(2, sim.IF_curr_exp())
    made = sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1))
    with pytest.raises(errors.InvalidModelError, match="StaticSynapse don't learn"):
        made.disable_learning()


def test_reset_brings_back_weights_and_variables():
    projection = learning_pair(sim.IBCM, tau=1.0, eta=0.05)
    projection.initialize(theta=0.5)
    projection.record("all")
    for _ in range(2):
        sim.run(5 * DT)
        changed = weights(projection)
        assert np.all(changed != 0.5)
        sim.reset()
        np.testing.assert_array_equal(weights(projection), 0.5)
    first, second, _ = projection.get_data().segments
    for a, b in zip(first.analogsignals, second.analogsignals, strict=True):
        np.testing.assert_array_equal(a.magnitude, b.magnitude)
    assert first.filter(name="theta")[0].magnitude[0, 0] == 0.5


def test_weights_survive_a_file(tmp_path):
    projection = learning_pair(sim.Oja, eta=0.02)
    sim.run(1.0)
    projection.save("all", str(tmp_path / "weights.txt"))
    sim.setup(timestep=DT)
    sources, target = (sim.Population(n, RELAY()) for n in (2, 1))
    again = sim.Projection(
        sources, target, sim.FromFileConnector(str(tmp_path / "weights.txt")), sim.Oja(eta=0.5)
    )
    assert again.get(["weight", "eta", "delay"], "list") == projection.get(["weight", "eta", "delay"], "list")


def test_single_connections_can_be_set():
    projection = learning_pair(sim.Hebb, eta=0.1)
    sim.run(DT)
    projection[1].weight = 2.0
    projection[0].eta = 0.0
    sim.run(DT)
    np.testing.assert_allclose(weights(projection), [0.53, 2.06])


def test_connections_of_a_static_projection_can_be_set():
    source, target = sim.Population(2, unit("r = B")(B=1.0)), sim.Population(2, RELAY())
    source.initialize(r=1.0)
    made = sim.Projection(source, target, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0))
    target.record("r")
    sim.run(DT)
    made[0].weight = 5.0
    made.set(delay=DT)
    sim.run(DT)
    np.testing.assert_allclose(recorded(target)[1:], [[2.0, 2.0], [6.0, 2.0]])


def test_what_is_computed_before_an_assignment_is_what_others_see():
    """In recordings, and in synapses."""
    Changing = sim.Neuron(equations="x += 1\nchange = x - m\nm = 0.5 * m + 0.5 * x\nr = x", name="Changing")
    source = sim.Population(1, Changing())
    target = sim.Population(1, RELAY())
    sim.Projection(source, target, sim.AllToAllConnector(), sim.Synapse(psp="w * pre.change")(w=1.0))
    source.record("change")
    target.record("r")
    sim.run(4 * DT)
    change, seen = recorded(source, "change")[:, 0], recorded(target)[:, 0]
    np.testing.assert_array_equal(change, [0.0, 1.0, 1.5, 1.75, 1.875])
    np.testing.assert_array_equal(seen[1:], change[:-1])


# --- NEST's units ---


@pytest.mark.parametrize("kind", ["ipn", "opn"])
def test_noise_has_the_variance_of_the_equation(kind):
    """tau dX = -X dt + sqrt(tau) sigma dW: variance sigma**2 / 2; of the output sigma**2 tau / dt."""
    cells = sim.Population(2000, getattr(sim, f"lin_rate_{kind}")(sigma=0.4, tau=2.0))
    cells.record("all")
    sim.run(20.0)
    name, variance = ("rate", 0.08) if kind == "ipn" else ("noisy_rate", 0.16 * 20.0)
    assert recorded(cells, name)[-1].var() == pytest.approx(variance, rel=0.1)
    assert recorded(cells, "noise")[-1].std() == pytest.approx(0.4, rel=0.1)


def test_rectified_units_do_not_fall_below():
    cells = sim.Population(500, sim.lin_rate_ipn(sigma=1.0, rectify_output=True, rectify_rate=-0.1))
    cells.record("rate")
    sim.run(5.0)
    assert recorded(cells, "rate").min() == -0.1


def test_multiplicative_coupling_is_of_the_rate_before():
    """NEST's: see tests/compare/test_rates.py."""
    source = sim.Population(1, unit("r = B")(B=2.0))
    source.initialize(r=2.0)
    coupling = {"mult_coupling": True, "g_ex": [1.0, 2.0], "theta_ex": 3.0, "g_in": 0.5, "theta_in": 1.0}
    cells = sim.Population(2, sim.lin_rate_ipn(sigma=0.0, tau=1.0, g=0.7, **coupling))
    cells.initialize(rate=[0.4, 0.2])
    for receptor, weight in ("excitatory", 0.3), ("inhibitory", -0.8):
        synapse = sim.StaticSynapse(weight=weight)
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    cells.record("rate")
    sim.run(DT)
    rate, g_ex = np.array([0.4, 0.2]), np.array([1.0, 2.0])
    arrived = 0.7 * (0.6 * g_ex * (3.0 - rate) - 1.6 * 0.5 * (1.0 + rate))
    expected = np.exp(-DT) * rate + (1.0 - np.exp(-DT)) * arrived
    np.testing.assert_allclose(recorded(cells, "rate")[1], expected, rtol=1e-12)


def test_random_numbers_do_not_depend_on_threads():
    def run(threads):
        sim.setup(timestep=DT, threads=threads, rng_seed=3)
        cells = sim.Population(50, sim.tanh_rate_opn(sigma=0.3))
        sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.02))
        cells.record("noisy_rate")
        sim.run(3.0)
        return recorded(cells, "noisy_rate")

    np.testing.assert_array_equal(run(1), run(3))


# --- what can't be ---


def test_what_cannot_be_connected():
    units, spiking = sim.Population(2, unit("r = sum(exc)")), sim.Population(2, sim.IF_curr_exp())
    source, everyone = sim.Population(1, sim.SpikeSourcePoisson()), sim.AllToAllConnector()
    for pre, post, synapse, receptor, message in (
        (spiking, units, sim.StaticSynapse(weight=1.0), None, "RateFromSpikes"),
        (units, spiking, sim.TsodyksMarkramSynapse(weight=1.0), None, "never spike"),
        (units, spiking, sim.StaticSynapse(weight=1.0), "excitatory", "must be one of 'current'"),
        (units, units, sim.StaticSynapse(weight=1.0), "inhibitory", "must be one of 'excitatory', 'current'"),
        (units, units, sim.RateFromSpikes(weight=1.0), None, "no rate of spikes"),
        (units + spiking, units, sim.StaticSynapse(weight=1.0), None, "both cells that spike"),
        (units, units, sim.StaticSynapse(weight=1.0, delay=-1.0), None, "out of range"),
        (units, source, sim.StaticSynapse(weight=1.0), None, "spike source"),
    ):  # fmt: skip
        with pytest.raises(errors.ConnectionError, match=message):
            sim.Projection(pre, post, everyone, synapse, receptor_type=receptor)
    with pytest.raises(errors.InvalidModelError, match="uses pre.r, which .* does not have"):
        sim.Projection(spiking, units, everyone, sim.Synapse(psp="w * pre.r")(w=1.0))
    with pytest.raises(errors.InvalidParameterValueError, match="tau must be positive"):
        sim.Projection(spiking, units, everyone, sim.RateFromSpikes(weight=1.0, tau=0.0))
    with pytest.raises(errors.InvalidParameterValueError, match="one tau"):
        several = sim.RateFromSpikes(weight=1.0, tau=np.array([[1.0, 2.0], [3.0, 4.0]]))
        sim.Projection(spiking, units, everyone, several)
    with pytest.raises(errors.ConnectionError, match="takes no input"):
        sim.Projection(units, sim.Population(1, unit("r = B")), everyone, sim.StaticSynapse(weight=1.0))
    assert len(sim.simulator.state.network.graded.groups) == 0


def test_other_operations_want_one_population():
    a, b = sim.Population(2, RELAY()), sim.Population(2, RELAY())
    with pytest.raises(errors.ConnectionError, match="not an assembly"):
        largest = sim.Synapse(psp="w * pre.r", operation="max")
        sim.Projection(a + b, a, sim.AllToAllConnector(), largest(w=1.0))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"equations": "dw/dt = pre.r : unless_post"}, "synapses of spikes"),
        ({"equations": "w += pre.r * Uniform(0, 1)"}, "can't draw"),
        ({"equations": "w += pre.r * t"}, "don't know the time"),
        ({"equations": "dx/dt = pre.r - x : postsynaptic"}, "'pre.r' is different for each connection"),
        ({"equations": "dx/dt = w - x : postsynaptic\ny = pre.r + x"}, "'w' is different for each"),
        ({"psp": "w * pre.r", "operation": "median"}, "operation must be one of"),
        ({"psp": "w * pre.r + q"}, "no 'q'"),
        ({"psp": "w * pre.r", "pre_spike": "w += 1"}, "either at spikes"),
    ],
)
def test_mistakes_in_graded_synapses(given, message):
    with pytest.raises(errors.InvalidModelError, match=message):
        sim.Synapse(**given)


def test_check_has_no_objections_to_a_hybrid_network():
    before, cells = sim.Population(1, sim.LeakyIntegrator(B=300.0)), sim.Population(2, sim.IF_curr_exp())
    sim.Projection(before, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.01))
    cells.record("spikes")
    sim.run(50.0)
    assert cells.mean_spike_count() > 0
    assert not sim.check()


def test_networks_without_graded_units_have_no_part_for_them():
    cells = sim.Population(2, sim.IF_curr_exp())
    sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1))
    sim.run(1.0)
    from pyNN_fastsim.engine import tables

    head = sim.simulator.state.network.tables.head
    assert not head[[tables.RECEIVE, tables.TRANSMIT, tables.PROPAGATE, tables.GRADED_AT]].any()
