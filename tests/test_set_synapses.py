"""Parameters of synapses that are changed, all or one by one, while spikes are under way."""

import numpy as np
import pytest
from naive.synapses import weights_after
from test_plasticity import (
    DT,
    STEPS,
    N,
    drawn_parameters,
    each,
    forced_cells,
    jumps,
    mechanism,
    spikes_of,
    trains,
)

import pyNN_fastsim as sim

pytestmark = pytest.mark.usefixtures("always_threads")


class Arrivals:
    """What arrives at synapses whose delays change: each spike has those of the time when it was emitted."""

    def __init__(self, delays, fractions):
        self.changes = [(-1.0, np.array(delays), np.array(fractions))]

    def change(self, now, **values):
        _, delays, fractions = self.changes[-1]
        delays, fractions = values.get("delay", delays), values.get("dendritic_delay_fraction", fractions)
        self.changes.append((now, np.array(delays), np.array(fractions)))

    def of(self, k, pre, post):
        """(time, 0 for presynaptic or 1 for postsynaptic) of synapse `k`, and times of delivery."""

        def timing(t):
            _, delays, fractions = [change for change in self.changes if t > change[0] + 1e-6][-1]
            return delays[k], fractions[k]

        arrivals = [(t + (1 - timing(t)[1]) * timing(t)[0], 0) for t in pre]
        arrivals += [(t + np.prod(timing(t)), 1) for t in post]
        return arrivals, [t + timing(t)[0] for t in pre]


def on_grid(values):
    return np.round(values, 1)


@pytest.mark.parametrize(
    "rule, dependence",
    [("SpikePairRule", "AdditiveWeightDependence"), ("SpikePairRule", "MultiplicativeWeightDependence"),
     ("Vogels2011Rule", "GutigWeightDependence")],
)  # fmt: skip
@pytest.mark.parametrize("one_by_one", [False, True])
def test_spikes_under_way_keep_their_delay_and_their_order(rule, dependence, one_by_one):
    """Delays and fractions change again and again: for all, or for single connections; to what they are, too.

    All arrivals are on the grid: those of one step are dealt with in the order of emission.
    """
    rng = np.random.default_rng(len(rule) + len(dependence) + one_by_one)
    p = each(drawn_parameters(rng, rule, dependence), 3)
    delays, fractions = 2 * DT * rng.integers(1, 75, N), rng.choice([0.0, 0.5, 1.0], N)
    weights = rng.uniform(0.0005, 0.001, N)
    sim.setup(timestep=DT, threads=2)
    pre = [np.unique(train) for train in trains(rng)]
    cells = forced_cells(trains(rng))
    sources = sim.Population(N, sim.SpikeSourceArray(spike_times=pre))
    p["dendritic_delay_fraction"] = np.diag(fractions)
    projection = sim.Projection(
        sources, cells, sim.OneToOneConnector(),
        mechanism(rule, dependence, p, weight=np.diag(weights), delay=np.diag(delays)),
        receptor_type="excitatory",
    )  # fmt: skip
    expected = Arrivals(delays, fractions)
    for number in range(8):
        sim.run(on_grid(rng.uniform(0.5, 0.11 * STEPS * DT)))
        name = ("delay", "dendritic_delay_fraction")[rng.integers(2)]
        fractions = rng.choice([0.0, 0.5, 1.0], N)
        new = {"delay": 2 * DT * rng.integers(1, 75, N), "dendritic_delay_fraction": fractions}
        values = new[name]
        if number == 5:
            values = np.array(projection.get(name, "list", with_address=False))
        if one_by_one:
            chosen = rng.choice(N, 2)
            for k in chosen:
                setattr(projection[int(k)], name, values[k])
            now = np.array(projection.get(name, "list", with_address=False))
            values = now
        else:
            projection.set(**{name: values})
        expected.change(sim.get_current_time(), **{name: values})
    sim.run(STEPS * DT + 30.0 - sim.get_current_time())
    arrived, post = jumps(cells), spikes_of(cells)
    final = projection.get("weight", format="list", with_address=False)
    compared = 0
    for k in range(N):
        arrivals, times = expected.of(k, pre[k], post[k])
        arrivals = in_order(arrivals)
        if len({round(t, 6) for t, kind in arrivals if kind == 0}) < len(pre[k]):
            continue  # which of them delivers what is not told
        compared += 1
        delivered, weight = weights_after(rule, dependence, each(p, k), weights[k], arrivals)
        assert final[k] == pytest.approx(weight, rel=1e-12, abs=0)
        order = np.argsort(np.round([t for t, kind in arrivals if kind == 0], 6), kind="stable")
        due = np.zeros(len(arrived))
        np.add.at(due, np.rint(np.array(times)[order] / DT).astype(int), delivered)
        np.testing.assert_allclose(arrived[:, k], due, rtol=0, atol=1e-12 * max(delivered) * 20)
    assert compared > N // 4


def in_order(arrivals):
    """Spikes of a target don't overtake each other when delays become shorter."""
    pre = [arrival for arrival in arrivals if arrival[1] == 0]
    post = np.maximum.accumulate([t for t, kind in arrivals if kind == 1])
    return pre + [(t, 1) for t in post]


@pytest.mark.parametrize("dependence", ["AdditiveWeightDependence", "MultiplicativeWeightDependence"])
def test_time_constants_change_and_connections_come_later(dependence):
    """Sums over spikes of a target follow the time constants; a synapse counts those since it was made."""

    def weights(tau_of_another):
        """Of all but one connection, whose time constants may be others: then there are no such sums."""
        sim.setup(timestep=DT)
        source = sim.Population(2, sim.SpikeSourceArray(spike_times=[[20.0, 60.0, 61.0, 140.0], [1.0]]))
        cells = forced_cells([np.arange(5.0, 150.0, 2.6), [3.0]])
        p = {"A_plus": 0.01, "A_minus": 0.02, "tau_plus": 20.0, "tau_minus": 15.0, "w_min": 0.0,
             "w_max": 0.02, "dendritic_delay_fraction": 0.6}  # fmt: skip
        projection = sim.Projection(source, cells, sim.FromListConnector([(0, 0), (1, 1)]),
                                    mechanism("SpikePairRule", dependence, p, weight=0.01, delay=3.0),
                                    receptor_type="excitatory")  # fmt: skip
        for new in ({}, {"tau_plus": 9.0}, {"tau_minus": 30.0}, {"delay": 30.0}):
            projection.set(**new)
            projection[1].tau_plus = projection[0].tau_plus if tau_of_another is None else tau_of_another
            sim.run(25.1)
        made = {**p, "tau_plus": 9.0, "tau_minus": 30.0, "weight": 0.01, "delay": 4.0}
        projection._convergent_connect(np.array([0]), 0, **made)
        assert len(projection) == 3
        sim.run(60.0)
        assert len(spikes_of(cells)[0]) > 40
        first, _, last = (w for *_, w in projection.get("weight", "list"))
        return first, last

    found = weights(None)
    assert found == pytest.approx(weights(11.0), rel=1e-12, abs=0)
    assert abs(found[0] - 0.01) > 1e-4 and abs(found[1] - 0.01) > 1e-4


# --- one connection or all of them -------------------------------------------------------------------------


def plastic():
    """Both cells spike some time after their source; some spikes are held, others are on their way back."""
    p = {"A_plus": [0.1, 0.2], "A_minus": [0.1, 0.05], "tau_plus": [20.0, 15.0], "tau_minus": [10.0, 20.0],
         "w_min": [0.0, 0.001], "w_max": [0.02, 0.03], "mu_plus": [0.5, 0.0], "mu_minus": [0.0, 0.5],
         "dendritic_delay_fraction": [0.5, 0.0]}  # fmt: skip
    return mechanism("SpikePairRule", "GutigWeightDependence", p, weight=[0.01, 0.015], delay=[4.0, 5.0])


SYNAPSES = {
    "static": lambda: sim.StaticSynapse(weight=[0.01, 0.015], delay=[4.0, 5.0]),
    "plastic": plastic,
    "short-term": lambda: sim.TsodyksMarkramSynapse(
        U=[0.5, 0.4], tau_rec=[20.0, 30.0], tau_facil=[10.0, 50.0], weight=[0.01, 0.015], delay=[4.0, 5.0]),
    "random": lambda: sim.MultiQuantalSynapse(
        U=[0.5, 0.4], tau_rec=[20.0, 30.0], tau_facil=[10.0, 50.0], n=[5, 9], weight=[0.01, 0.015], delay=4),
}  # fmt: skip
OTHER = {"delay": 2.0, "n": 3, "dendritic_delay_fraction": 1.0, "w_min": 0.002, "w_max": 0.025,
         "weight": 0.013, "U": 0.9, "mu_plus": 1.0, "mu_minus": 1, "A_plus": 0.0, "A_minus": 0.3}  # fmt: skip


def after_a_change(kind, change, when=12.0):
    """What arrives at two cells, and the parameters in the end, if the first connection is changed."""
    sim.setup(timestep=DT, threads=2)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0, 10.0, 11.0, 25.0]))
    cells = forced_cells([[7.0, 10.5, 14.0, 20.0], [4.0, 9.5, 11.8, 26.0]])
    projection = sim.Projection(
        source, cells, sim.AllToAllConnector(), SYNAPSES[kind](), receptor_type="excitatory"
    )
    sim.run(when)
    change(projection)
    sim.run(30.0)
    names = [name for name in projection.synapse_type.get_parameter_names() if name != "weight"]
    return jumps(cells), projection.get(["weight", *names], "list")


@pytest.mark.parametrize("kind, name", [
    (kind, name) for kind in SYNAPSES for name in SYNAPSES[kind]().get_parameter_names()
])  # fmt: skip
def test_one_connection_is_changed_as_with_set(kind, name):
    value = OTHER.get(name, 12.0)

    def for_one(projection):
        setattr(projection[0], name, value)

    def for_all(projection):
        _, second = projection.get(name, "list", with_address=False)
        projection.set(**{name: [value, second]})

    arrived, parameters = after_a_change(kind, for_one)
    expected, expected_parameters = after_a_change(kind, for_all)
    unchanged, _ = after_a_change(kind, lambda projection: None)
    np.testing.assert_array_equal(arrived, expected)
    assert parameters == expected_parameters
    early = int(12.0 / DT) + 1
    np.testing.assert_array_equal(arrived[:early], unchanged[:early])
    if kind != "plastic":  # what has left its source is not changed any more
        late = int(25.0 / DT) + 1
        np.testing.assert_array_equal(arrived[:late], unchanged[:late])


def test_spikes_that_have_arrived_count_with_the_parameters_of_their_time():
    """Those of the target, too, which its synapses deal with later."""
    p = {"A_plus": 0.1, "A_minus": 0.1, "tau_plus": 20.0, "tau_minus": 20.0, "w_min": 0.0, "w_max": 0.02}
    found = []
    for second in (0.1, 0.2):  # A_plus of the other connection: one number for both, or an array
        sim.setup(timestep=DT)
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=[10.0]))
        cells = forced_cells([[14.0], [14.0]])
        p |= {"A_plus": [0.1, second], "dendritic_delay_fraction": 1.0}
        synapse = mechanism("SpikePairRule", "AdditiveWeightDependence", p, weight=0.01, delay=1.0)
        projection = sim.Projection(
            source, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory"
        )
        sim.run(20.0)
        for name in ("A_plus", "A_minus", "tau_plus", "tau_minus", "w_max"):
            setattr(projection[0], name, 0.05)
        sim.run(20.0)
        (post, _) = spikes_of(cells)
        expected = 0.01 + 0.1 * 0.02 * np.sum(np.exp(-(post + 1.0 - 10.0) / 20.0))
        found.append(projection[0].weight)
        assert found[-1] == pytest.approx(expected, rel=1e-12)


def test_weights_of_what_is_delivered_on_arrival():
    """Connections drawn by a NativeRNG, with many delays: one spike is under way when one weight is set."""

    def most(change):
        sim.setup(timestep=DT)
        source = sim.Population(10, sim.SpikeSourceArray(spike_times=[10.0]))
        cells = sim.Population(400, sim.IF_curr_exp())
        rng = sim.NativeRNG(seed=3)
        weight = sim.RandomDistribution("uniform", (0.009, 0.011), rng=rng)
        delay = sim.RandomDistribution("uniform", (0.5, 2.0), rng=rng)
        synapse = sim.StaticSynapse(weight=weight, delay=delay)
        connector = sim.FixedProbabilityConnector(0.9, rng=rng)
        projection = sim.Projection(source, cells, connector, synapse, receptor_type="excitatory")
        assert projection._groups[0].synapses.by_delay
        cells.record("isyn_exc")
        sim.run(10.3)
        change(projection)
        sim.run(5.0)
        return cells.get_data().segments[0].analogsignals[0].magnitude.max()

    def set_ten(projection):
        for k in range(0, 1000, 100):
            projection[k].weight = 100.0

    assert most(set_ten) == most(lambda projection: None) < 0.11


def test_weights_of_spikes_that_wait_as_numbers():
    """Of sources so fast that they count their spikes."""

    def currents(change):
        sim.setup(timestep=DT)
        source = sim.Population(3, sim.SpikeSourcePoisson(rate=20000.0))
        cells = sim.Population(3, sim.IF_curr_exp(v_thresh=1e9, tau_syn_E=0.01))
        synapse = sim.StaticSynapse(weight=[1.0, 2.0, 3.0], delay=2.0)
        projection = sim.Projection(
            source, cells, sim.OneToOneConnector(), synapse, receptor_type="excitatory"
        )
        cells.record("isyn_exc")
        sim.run(5.0)
        change(projection)
        sim.run(5.0)
        return cells.get_data().segments[0].analogsignals[0].magnitude

    one = currents(lambda projection: setattr(projection[0], "weight", 100.0))
    unchanged = currents(lambda projection: None)
    np.testing.assert_array_equal(one[:71], unchanged[:71])
    np.testing.assert_array_equal(one[:, 1:], unchanged[:, 1:])
    assert one[71:, 0].max() > 50 * unchanged[71:, 0].max()


@pytest.mark.parametrize("plastic", [False, True])
def test_first_weights_of_connections_that_are_added_later(plastic):
    """A reset brings back those of the beginning, and those that connections were added with."""
    sim.setup(timestep=DT)
    a, b = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0])), sim.Population(2, sim.IF_cond_exp())
    synapse = sim.STDPMechanism(sim.SpikePairRule(), sim.AdditiveWeightDependence()) if plastic else None
    connector = sim.FromListConnector([(1, 0, 0.5, 1.0), (0, 0, 0.4, 1.0)])
    projection = sim.Projection(a, b, connector, synapse, receptor_type="excitatory")
    sim.run(2.0)
    projection.set(weight=0.1)
    projection._convergent_connect(np.array([0, 1]), 1, weight=np.array([0.6, 0.7]), delay=1.0)
    projection[2].weight = 0.2
    projection.set(weight=0.3)
    sim.run(2.0)
    sim.reset()
    assert projection.get("weight", "list") == [(1, 0, 0.5), (0, 0, 0.4), (0, 1, 0.6), (1, 1, 0.7)]
