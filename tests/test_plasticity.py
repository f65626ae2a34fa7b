"""Plastic synapses against the direct reading of their rules in naive/synapses.py."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from naive.synapses import plastic_weights, weights_after
from pyNN import errors
from scipy import stats

import pyNN_fastsim as sim
from pyNN_fastsim.engine.compiling.settings import INTERPRETED
from pyNN_fastsim.simulator import state

DT = 0.1
# Synapses of a protocol, its steps, and spikes of each cell: less without the compiler.
N, STEPS, SPIKES = (4, 300, 16) if INTERPRETED else (24, 3000, 40)
RULES = {
    "SpikePairRule": ("tau_plus", "tau_minus", "A_plus", "A_minus"),
    "Vogels2011Rule": ("tau", "eta", "rho"),
}
DEPENDENCES = {
    "AdditiveWeightDependence": ("w_min", "w_max"),
    "MultiplicativeWeightDependence": ("w_min", "w_max"),
    "AdditivePotentiationMultiplicativeDepression": ("w_min", "w_max"),
    "GutigWeightDependence": ("w_min", "w_max", "mu_plus", "mu_minus"),
}
RANGES = {
    "tau_plus": (5.0, 40.0), "tau_minus": (5.0, 40.0), "A_plus": (0.0, 0.1), "A_minus": (0.0, 0.1),
    "tau": (5.0, 40.0), "eta": (0.0, 1e-4), "rho": (0.0, 0.05),
    "w_min": (0.0, 0.0002), "w_max": (0.0009, 0.002), "mu_plus": (0.0, 1.0), "mu_minus": (0.0, 1.0),
}  # fmt: skip

pytestmark = [
    pytest.mark.usefixtures("always_threads"),
    pytest.mark.filterwarnings("ignore:.*weight beyond its bounds"),
]


def trains(rng, n=N, steps=STEPS, spikes=SPIKES):
    """Spike times (ms): some in pairs and bursts, with ties between cells of one index."""
    return [np.sort(np.concatenate([rng.integers(1, steps, spikes // 2),
                                    10 * rng.integers(1, steps // 10, spikes // 2)])) * DT
            for _ in range(n)]  # fmt: skip


def forced_cells(spike_times):
    """Cells that spike a step after the given times, unless that is too often; gsyn_exc is left alone."""
    cells = sim.Population(
        len(spike_times), sim.IF_cond_exp(e_rev_I=0.0, tau_syn_I=0.1, tau_refrac=0.1, v_reset=-65.0)
    )
    drive = sim.Population(len(spike_times), sim.SpikeSourceArray(spike_times=list(spike_times)))
    synapse = sim.StaticSynapse(weight=20.0, delay=DT)
    sim.Projection(drive, cells, sim.OneToOneConnector(), synapse, receptor_type="inhibitory")
    cells.record(["spikes", "gsyn_exc"])
    return cells


def spikes_of(cells):
    spiketrains = cells.get_data("spikes").segments[-1].spiketrains
    order = np.argsort(spiketrains.all_channel_ids)
    return [np.asarray(spiketrains[int(k)]) for k in order]


def mechanism(rule, dependence, p, **arguments):
    return sim.STDPMechanism(
        getattr(sim, rule)(**{name: p[name] for name in RULES[rule]}),
        getattr(sim, dependence)(**{name: p[name] for name in DEPENDENCES[dependence]}),
        dendritic_delay_fraction=p["dendritic_delay_fraction"],
        **arguments,
    )


def drawn_parameters(rng, rule, dependence):
    """Parameters by name, each an array over the synapses."""
    p = {name: rng.uniform(*RANGES[name], N) for name in RULES[rule] + DEPENDENCES[dependence]}
    p["dendritic_delay_fraction"] = rng.choice([0.0, 0.25, 0.5, 0.7, 1.0, rng.random()], N)
    return p


def each(p, k):
    return {name: values[k] if np.ndim(values) else values for name, values in p.items()}


def jumps(cells):
    """How much arrives at each cell at each step: float64 [steps + 1, cells], uS."""
    g = cells.get_data("gsyn_exc").segments[-1].analogsignals[0].magnitude
    return g - np.vstack([np.zeros(g.shape[1]), g[:-1]]) * np.exp(-DT / 5.0)


@pytest.mark.parametrize("dependence", DEPENDENCES)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("shared", [False, True])
def test_weights_after_random_spikes(rule, dependence, shared):
    """What is delivered, and the weight in the end: delays and fractions drawn."""
    rng = np.random.default_rng(len(rule) + len(dependence))
    p = drawn_parameters(rng, rule, dependence)
    delays = DT * rng.integers(1, 150, N)
    if shared:
        p, delays = each(p, 3), np.full(N, delays[3])
    weights = rng.uniform(0.0005, 0.001, N)
    sim.setup(timestep=DT)
    pre = trains(rng)
    cells = forced_cells(trains(rng))
    sources = sim.Population(N, sim.SpikeSourceArray(spike_times=pre))
    projection = sim.Projection(
        sources, cells, sim.OneToOneConnector(),
        mechanism(rule, dependence, p, weight=np.diag(weights), delay=np.diag(delays)),
        receptor_type="excitatory",
    )  # fmt: skip
    sim.run(STEPS * DT + 30.0)
    arrived, post = jumps(cells), spikes_of(cells)
    final = projection.get("weight", format="list", with_address=False)
    assert min(map(len, post)) > SPIKES // 2
    for k in range(N):
        delivered, weight = plastic_weights(
            rule, dependence, each(p, k), weights[k], pre[k], post[k], delays[k]
        )
        assert final[k] == pytest.approx(weight, rel=1e-12, abs=0)
        assert weight != weights[k]
        expected = np.zeros(len(arrived))
        np.add.at(expected, np.rint((pre[k] + delays[k]) / DT).astype(int), delivered)
        np.testing.assert_allclose(arrived[:, k], expected, rtol=0, atol=1e-12 * max(delivered) * 20)


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_weights_are_those_of_the_moment(fraction):
    """get() at any time: after all that has arrived; what an axon brings counts from the step before."""
    p = {"tau_plus": 20.0, "tau_minus": 15.0, "A_plus": 0.05, "A_minus": 0.04, "w_min": 0.0, "w_max": 0.002,
         "dendritic_delay_fraction": fraction}  # fmt: skip
    rng = np.random.default_rng(5)
    sim.setup(timestep=DT)
    pre = trains(rng)
    cells = forced_cells(trains(rng))
    sources = sim.Population(N, sim.SpikeSourceArray(spike_times=pre))
    rule, dependence = "SpikePairRule", "AdditivePotentiationMultiplicativeDepression"
    projection = sim.Projection(
        sources, cells, sim.OneToOneConnector(), mechanism(rule, dependence, p, weight=0.001, delay=3.0),
        receptor_type="excitatory",
    )  # fmt: skip
    early = DT if fraction == 0 else 0.0
    for _ in range(STEPS // 75):
        sim.run(rng.integers(1, 80) * DT)
        now = sim.get_current_time() + 1e-6
        post = spikes_of(cells)
        for k, weight in enumerate(projection.get("weight", format="list", with_address=False)):
            arrivals = [(t + (1 - fraction) * 3.0, 0) for t in pre[k]]
            arrivals += [(t + fraction * 3.0, 1) for t in post[k]]
            arrivals = [(t, kind) for t, kind in arrivals if t <= now + (early if kind == 0 else 0)]
            expected = weights_after(rule, dependence, p, 0.001, arrivals)[1]
            assert weight == pytest.approx(expected, rel=1e-12, abs=0)


ODD = {
    "more than w_max at once": {"A_plus": 3.0, "A_minus": 0.3},
    "depression only": {"A_plus": -0.05, "A_minus": 0.02},
    "beyond w_max": {"weight": 0.003},
    "below w_min": {"weight": 0.00005, "w_min": 0.0001},
    "shorter than a step": {"tau_plus": 0.01},
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("dependence", ["AdditiveWeightDependence", "MultiplicativeWeightDependence"])
def test_many_target_spikes_at_once(dependence, odd):
    """Targets at 200 Hz between sparse spikes of their sources, with amplitudes and weights of any kind."""
    p = {"tau_plus": 20.0, "tau_minus": 15.0, "A_plus": 0.02, "A_minus": 0.03, "w_min": 0.0, "w_max": 0.002,
         "dendritic_delay_fraction": 0.5, "weight": 0.001} | ODD[odd]  # fmt: skip
    rng = np.random.default_rng(11)
    sim.setup(timestep=DT)
    pre = [np.unique(rng.integers(1, STEPS, 8)) * DT for _ in range(3)]
    cells = forced_cells([np.unique(rng.integers(1, STEPS // 2, STEPS // 50)) * 2 * DT for _ in range(3)])
    sources = sim.Population(3, sim.SpikeSourceArray(spike_times=pre))
    synapse = mechanism("SpikePairRule", dependence, p, weight=p["weight"], delay=3.1)
    projection = sim.Projection(sources, cells, sim.OneToOneConnector(), synapse, receptor_type="excitatory")
    sim.run(STEPS * DT + 10.0)
    post = spikes_of(cells)
    for k, weight in enumerate(projection.get("weight", format="list", with_address=False)):
        assert len(post[k]) > STEPS // 70
        expected = plastic_weights("SpikePairRule", dependence, p, p["weight"], pre[k], post[k], 3.1)[1]
        assert weight == pytest.approx(expected, rel=1e-11, abs=0)


@pytest.mark.parametrize("dependence", ["AdditiveWeightDependence", "MultiplicativeWeightDependence"])
def test_nobody_changes_a_weight_by_looking_at_it(dependence):
    """To the last bit: by get(), by recording, by threads and pieces, by setting what is there already."""
    found = []
    for looks, threads in ((False, 1), (True, 2)):
        sim.setup(timestep=DT, threads=threads)
        rng = np.random.default_rng(12)
        cells = forced_cells([np.unique(rng.integers(1, STEPS // 2, STEPS // 50)) * 2 * DT for _ in range(4)])
        pre = [np.unique(rng.integers(1, STEPS, 6)) * DT for _ in range(4)]
        sources = sim.Population(4, sim.SpikeSourceArray(spike_times=pre))
        p = {
            "A_plus": 0.02,
            "A_minus": 0.03,
            "tau_plus": 17.0,
            "tau_minus": 23.0,
            "w_min": 0.0,
            "w_max": 0.002,
        }
        synapse = mechanism("SpikePairRule", dependence, p | {"dendritic_delay_fraction": 0.3}, weight=0.001,
                            delay=7.3)  # fmt: skip
        projection = sim.Projection(
            sources, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory"
        )
        if looks:
            projection.record("weight")
        for _ in range(10):
            sim.run(STEPS * DT / 10)
            if looks:
                weights = projection.get("weight", format="array")
                projection.set(weight=weights, delay=7.3, dendritic_delay_fraction=0.3, tau_plus=17.0)
                projection[3].w_max = 0.002
        found.append((projection.get("weight", format="array"), jumps(cells)))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])
    assert np.ptp(found[0][0]) > 0


@pytest.mark.big
def test_a_silent_source_does_not_make_the_memory_grow():
    """Hundreds of postsynaptic spikes between two presynaptic ones, with threads and any fraction."""
    p = {"tau_plus": 20.0, "tau_minus": 15.0, "A_plus": 0.02, "A_minus": 0.01, "w_min": 0.0, "w_max": 0.002}
    rng = np.random.default_rng(8)
    delays = DT * rng.integers(1, 30, N)
    fractions = rng.choice([0.0, 0.4, 1.0], N)
    p["dendritic_delay_fraction"] = fractions
    sim.setup(timestep=DT, threads=3)
    busy = np.arange(5.0, 400.0, 0.6)
    cells = forced_cells([busy if k % 2 else busy[:1] for k in range(N)])
    pre = [10.0, 11.0, 420.0]
    sources = sim.Population(N, sim.SpikeSourceArray(spike_times=pre))
    rule, dependence = "SpikePairRule", "MultiplicativeWeightDependence"
    projection = sim.Projection(
        sources, cells, sim.OneToOneConnector(),
        mechanism(rule, dependence, p, weight=0.001, delay=np.diag(delays)), receptor_type="excitatory",
    )  # fmt: skip
    sim.run(430.0)
    (history,) = state.network.histories.values()
    post = spikes_of(cells)
    assert min(map(len, post[1::2])) > 5 * history.spikes.shape[1]
    for k, weight in enumerate(projection.get("weight", format="list", with_address=False)):
        expected = plastic_weights(rule, dependence, each(p, k), 0.001, pre, post[k], delays[k])[1]
        assert weight == pytest.approx(expected, rel=1e-12, abs=0)


def plastic_pair(**arguments):
    """One synapse between two cells, the target of which is made to spike."""
    sim.setup(timestep=DT)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[10.0, 20.0, 30.0, 40.0]), label="source")
    cells = forced_cells([[12.0, 19.0, 35.0, 45.0]])
    p = {"tau_plus": 20.0, "tau_minus": 15.0, "A_plus": 0.1, "A_minus": 0.1, "w_min": 0.0, "w_max": 0.002}
    p["dendritic_delay_fraction"] = arguments.pop("fraction", 1.0)
    synapse = mechanism("SpikePairRule", "AdditiveWeightDependence", p, weight=0.001, **arguments)
    projection = sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    return projection, cells


def test_a_reset_restores_initial_weights():
    projection, cells = plastic_pair(delay=1.0)
    projection.set(weight=0.0012)
    sim.run(25.0)
    middle = projection.get("weight", format="array")
    sim.run(25.0)
    first, end = jumps(cells), projection.get("weight", format="array")
    assert len({0.0012, float(middle[0, 0]), float(end[0, 0])}) == 3
    projection.set(weight=0.0003)
    sim.reset()
    assert projection.get("weight", format="array") == 0.0012
    sim.run(50.0)
    np.testing.assert_array_equal(jumps(cells), first)
    assert projection.get("weight", format="array") == end
    for weight in (0.0004, 0.0005):  # between trials: that of the next one
        sim.reset()
        projection.set(weight=weight)
        sim.reset()
        assert projection[0].weight == weight
    sim.run(50.0)
    projection[0].weight = 0.0001
    sim.reset()
    assert projection[0].weight == 0.0005


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_weights_set_by_hand_are_changed_from_there(fraction):
    """The weight is what has been set; spikes before it still make pairs with later ones."""
    projection, cells = plastic_pair(delay=2.0, fraction=fraction)
    sim.run(25.0)
    projection[0].weight = 0.0005
    assert projection[0].weight == 0.0005
    sim.run(30.0)
    other, _ = plastic_pair(delay=2.0, fraction=fraction)
    sim.run(25.0)
    before = other[0].weight
    sim.run(30.0)
    assert projection[0].weight - 0.0005 == pytest.approx(other[0].weight - before, rel=1e-10)


@pytest.mark.parametrize("new_delay", [0.5, 6.0])
def test_spikes_on_their_way_keep_their_delay(new_delay):
    """Also those that an axonal delay holds back."""
    projection, cells = plastic_pair(delay=4.0, fraction=0.0)
    sim.run(11.0)
    projection.set(delay=new_delay)
    sim.run(50.0)
    arrived = np.flatnonzero(jumps(cells)[:, 0] > 1e-6) * DT
    np.testing.assert_allclose(arrived, [14.0, *(np.array([20.0, 30.0, 40.0]) + new_delay)])


def test_connections_may_be_added_later():
    """What there was keeps its weight and its memory."""
    results = []
    for add in (False, True):
        projection, cells = plastic_pair(delay=3.0, fraction=0.0)
        sim.run(21.5)
        if add:
            projection._convergent_connect(np.array([0]), 0, weight=0.0, delay=0.1)
        assert len(projection) == 1 + add
        sim.run(30.0)
        results.append(projection.get("weight", format="list")[0])
    # A spike on its way meets the same postsynaptic spikes.
    assert results[0] == results[1]


def test_negative_weights():
    """Of inhibitory, current-based synapses: w_max is the strongest weight."""
    sim.setup(timestep=DT)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[10.0]))
    cells = sim.Population(1, sim.IF_curr_exp(i_offset=3.0, tau_refrac=20.0))
    synapse = sim.STDPMechanism(
        sim.SpikePairRule(A_plus=0.1, A_minus=0.1), sim.AdditiveWeightDependence(w_min=0.0, w_max=-0.5),
        weight=-0.2, delay=DT,
    )  # fmt: skip
    projection = sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
    assert projection.receptor_type == "inhibitory"
    cells.record("spikes")
    sim.run(20.0)
    (train,) = cells.get_data().segments[0].spiketrains
    lag = float(train[0]) + DT - 10.0
    change = -0.05 * np.exp(-lag / 20.0) if lag >= 0 else 0.05 * np.exp(lag / 20.0)
    assert len(train) == 1 and projection[0].weight == pytest.approx(-0.2 + change, rel=1e-12)


def bounded(weight, receptor, celltype="IF_curr_exp", **bounds):
    sim.setup(timestep=DT)
    a = sim.Population(2, sim.SpikeSourceArray(spike_times=[10.0]), label="a")
    b = sim.Population(2, getattr(sim, celltype)(i_offset=3.0), label="b")
    synapse = sim.STDPMechanism(sim.SpikePairRule(), sim.AdditiveWeightDependence(**bounds), weight=weight)
    return sim.Projection(a, b, sim.AllToAllConnector(), synapse, receptor_type=receptor)


@pytest.mark.parametrize("weight, receptor, celltype, bounds", [
    (-0.5, None, "IF_curr_exp", {}),
    (0.0, "inhibitory", "IF_curr_exp", {}),
    (-0.5, "inhibitory", "IF_curr_exp", {"w_min": -1.0, "w_max": 0.0}),
    (0.5, "excitatory", "IF_curr_exp", {"w_min": -1.0}),
    (0.5, "inhibitory", "IF_cond_exp", {"w_max": -1.0}),
    (0.5, "excitatory", "IF_cond_exp", {"w_min": 0.2, "w_max": 0.1}),
])  # fmt: skip
def test_bounds_that_could_not_be_meant(weight, receptor, celltype, bounds):
    words = f"a→b, receptor '{receptor or 'inhibitory'}': the bounds .* weight = {weight:g}"
    with pytest.raises(errors.InvalidParameterValueError, match=words):
        bounded(weight, receptor, celltype, **bounds)


def test_weights_beyond_their_bounds():
    """One warning; none where bounds and weights fit. Bounds can be set, but not so that they are none."""
    with pytest.warns(UserWarning) as warned:
        projection = bounded(np.array([[0.5, 0.6], [0.7, 1.5]]), "excitatory", "IF_cond_exp", w_max=0.65)
        projection._convergent_connect(np.array([0]), 1, weight=2.0)
    assert len(warned) == 1
    assert "a→b, receptor 'excitatory': a weight beyond" in str(warned[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        projection = bounded(-0.3, "inhibitory", w_max=-0.5)
        projection.set(w_max=-0.4, w_min=-0.1)
        for change in (
            {"w_max": 1.0},
            {"w_min": -0.45},
            {"w_min": 0.1},
            {"w_min": [-0.1, -0.1, -0.1, -0.41]},
        ):
            with pytest.raises(errors.InvalidParameterValueError, match="receptor 'inhibitory': the bounds"):
                projection.set(**change)
            name, values = next(iter(change.items()))
            with pytest.raises(errors.InvalidParameterValueError, match="receptor 'inhibitory': the bounds"):
                setattr(projection[3], name, np.ravel(values)[-1])
    assert projection.get(["w_min", "w_max"], "list", with_address=False) == [(-0.1, -0.4)] * 4
    with pytest.warns(UserWarning, match="w_max = -0.4, weight = -0.7"):
        projection[1].weight = -0.7


@pytest.mark.deep
def test_competition_ends_alike_from_two_seeds(monkeypatch):
    """Song, Miller & Abbott 2000, figure 2: most weights near 0 or near the maximum. The limits are about
    twice what four seeds have shown, see examples/song_abbott.py."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "examples")
    import song_abbott

    found = []
    for seed in (42, 43):
        sim.setup(timestep=DT, min_delay=DT, rng_seed=seed)
        _, projection = song_abbott.build(sim, rate=15.0)
        sim.run(800_000.0)
        weights = projection.get("weight", format="list", with_address=False)
        found.append(np.array(weights) / song_abbott.W_MAX)
    weak, strong = ([np.mean(np.abs(w - end) < 0.2) for w in found] for end in (0.0, 1.0))
    assert min(weak) > 0.45 and min(strong) > 0.18
    assert max(np.ptp(weak), np.ptp(strong)) < 0.04
    assert stats.ks_2samp(*found).statistic < 0.08
    assert abs(np.corrcoef(*found)[0, 1]) < 0.1  # others win


def test_errors():
    sim.setup(timestep=DT)
    pair, additive = sim.SpikePairRule(), sim.AdditiveWeightDependence()
    with pytest.raises(errors.InvalidModelError, match="timing_dependence must be a STDPTimingDependence"):
        sim.STDPMechanism(weight_dependence=additive)
    with pytest.raises(errors.InvalidModelError, match="no voltage_dependence"):
        sim.STDPMechanism(pair, additive, voltage_dependence=additive)
    with pytest.raises(errors.InvalidParameterValueError, match="between 0 and 1, but is 1.5"):
        sim.STDPMechanism(pair, additive, dendritic_delay_fraction=1.5)
    with pytest.raises(errors.NonExistentParameterError, match="did you mean 'eta'"):
        sim.Vogels2011Rule(etta=1.0)
    with pytest.raises(errors.NonExistentParameterError, match="did you mean 'w_max'"):
        sim.AdditiveWeightDependence(wmax=1.0)
    for odd in (10**400, float("nan"), "abc", [1.0, "x"]):
        with pytest.raises(errors.InvalidParameterValueError, match="SpikePairRule: tau_minus must be"):
            sim.SpikePairRule(20.0, odd)
    with pytest.raises(TypeError, match="positional"):
        sim.GutigWeightDependence(0.0, 1.0, 0.5, 0.5, 0.5)
    a = sim.Population(2, sim.SpikeSourceArray(), label="a")
    b = sim.Population(2, sim.IF_cond_exp(), label="b")

    def connect(synapse):
        return sim.Projection(a, b, sim.AllToAllConnector(), synapse, receptor_type="excitatory")

    for synapse, message in (
        (sim.TsodyksMarkramSynapse(U=1.5), "a→b: U must be between 0 and 1, but is 1.5"),
        (
            sim.TsodyksMarkramSynapse(tau_rec=[1.0, 2.0, 0.0, 3.0]),
            r"tau_rec must be positive, at least 1e-300 ms, but is 0.0 \(connec",
        ),
        (sim.MultiQuantalSynapse(n=2.5), "a→b: n must be a whole number from 1 to 1000000, but is 2.5"),
        (
            sim.MultiQuantalSynapse(n=10**12),
            "a→b: n must be a whole number from 1 to 1000000",
        ),  # took forever
        (sim.SimpleStochasticSynapse(p=-0.1), "a→b: p must be between 0 and 1"),
        (sim.STDPMechanism(sim.SpikePairRule(tau_plus=0.0), additive), "a→b: tau_plus must be positive"),
        (sim.STDPMechanism(sim.Vogels2011Rule(tau=5e-324), additive), "a→b: tau must be positive, at least"),
    ):
        with pytest.raises(errors.InvalidParameterValueError, match=message):
            connect(synapse)
    projection = connect(sim.TsodyksMarkramSynapse(weight=0.1))
    with pytest.raises(errors.InvalidParameterValueError, match="a→b: U must be between 0 and 1"):
        projection.set(U=2.0)
    with pytest.raises(errors.NonExistentParameterError, match="'v'.* a→b"):
        projection.initialize(v=0.0)
    with pytest.raises(errors.InvalidParameterValueError, match="a→b: u must be between 0 and 1"):
        projection.initialize(u=-1.0)
