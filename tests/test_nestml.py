"""
Models in NESTML: what they become, what they do, and what is said about mistakes in them.

The models that nestml ships come from where it is installed; those in texts here are written in its older
dialects.
"""

import sys
from importlib.metadata import PackageNotFoundError, files

import numpy as np
import pytest
from pyNN import errors

import pyNN_fastsim as sim
from pyNN_fastsim.engine.compiling.settings import INTERPRETED

pytest.importorskip("pynestml", reason="nestml is not installed")

from pyNN_fastsim.equations.nestml import neuron_of  # noqa: E402
from pyNN_fastsim.equations.nestml_synapse import synapse_of  # noqa: E402


def shipped():
    """Paths of the models of nestml, by name."""
    try:
        found = files("nestml") or []
    except PackageNotFoundError:
        return {}
    return {
        path.name.removesuffix(".nestml"): path.locate()
        for path in found
        if path.suffix == ".nestml" and path.parent.parent.name == "models"
    }


SHIPPED = shipped()
FEW = ("iaf_psc_delta_neuron", "stdp_nn_restr_symm_synapse")


def text_of(name):
    return SHIPPED[name].read_text(encoding="utf-8")


def described(name):
    return (synapse_of if name.endswith("_synapse") else neuron_of)(text_of(name))


# --- all that nestml ships ------------------------------------------------------------------------


def test_there_are_models():
    assert sum(name.endswith("_neuron") for name in SHIPPED) >= 30
    assert sum(name.endswith("_synapse") for name in SHIPPED) >= 10


@pytest.mark.parametrize("name", FEW)
def test_a_few_shipped_models_run(name):
    _run(name)


@pytest.mark.deep
@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_shipped_model_runs(name):
    _run(name)


def _run(name):
    """A model alone, or between two cells, for some steps: what it records is finite."""
    sim.setup(timestep=0.1, min_delay=0.1)
    if name.endswith("_neuron"):
        cell_type = sim.nestml.nestml_cell_type(name, text_of(name))
        cells = sim.Population(2, cell_type(), label="cells")
    else:
        target = changed(NEURON, ("state:", "state:\n        dAP_trace pA = 0 pA"))
        synapse_type = sim.nestml.nestml_synapse_type(name, text_of(name), target)
        cells = sim.Population(2, synapse_type.postsynaptic_cell_type(I_e=1000.0), label="cells")
        source = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0, 2.0, 2.1]), label="source")
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse_type(weight=10.0, delay=0.2))
    variables = [v for v in cells.celltype.recordable if v != "spikes"]
    cells.record(variables)
    sim.run(1.0 if INTERPRETED else 5.0)
    for signal in cells.get_data().segments[0].analogsignals:
        assert np.isfinite(signal.magnitude).all(), signal.name
    sim.end()


# --- what a neuron becomes ------------------------------------------------------------------------

# In the dialect of 8.3: units without numbers.
NEURON = """
model leaky:
    state:
        V_m mV = E_L
        r integer = 0
    equations:
        kernel G = exp(-t / tau_syn)
        V_m' = -(V_m - E_L) / tau_m + (convolve(G, exc) * nA + convolve(G, inh) * pA + I_e + I_stim) / C_m
    parameters:
        C_m pF = 0.25 nF
        tau_m ms = 10 ms
        tau_syn ms = 2 ms
        E_L mV = -70 mV
        I_e pA = 0 pA
        t_ref ms = 2 ms
    input:
        exc <- excitatory spike
        inh <- inhibitory spike
        I_stim pA <- continuous
    output:
        spike
    update:
        if r == 0:
            integrate_odes()
        else:
            r -= 1
        if V_m >= -55 mV:
            V_m = E_L
            r = steps(t_ref)
            emit_spike()
"""


def changed(text, *pairs):
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def test_numbers_are_in_nests_units():
    values = {part.name: part.value for part in neuron_of(NEURON).parameters}
    assert values == {"C_m": 250.0, "tau_m": 10.0, "tau_syn": 2.0, "E_L": -70.0, "I_e": 0.0, "t_ref": 2.0}


def test_convolutions_are_integrated_on_every_way():
    """Also where the cell integrates nothing: they have the value that they would have had."""
    cell_type = sim.nestml.nestml_cell_type("leaky", NEURON)
    sim.setup(timestep=0.1, min_delay=0.1)
    cells = sim.Population(2, cell_type(I_e=[0.0, 2000.0]))  # the second is often refractory
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0, 4.0]))
    sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.001, delay=0.1))
    cells.record(["G__X__exc", "spikes"])
    sim.run(8.0)
    data = cells.get_data().segments[0]
    silent, refractory = data.analogsignals[0].magnitude.T
    assert len(data.spiketrains[1]) > 1 and not len(data.spiketrains[0])
    assert silent[-1] == pytest.approx(np.exp(-(8.0 - 1.1) / 2.0) + np.exp(-(8.0 - 4.1) / 2.0))
    assert np.array_equal(silent, refractory)


def test_weights_and_currents_are_pynns():
    """Weights in nA, and the current of an electrode: what the equations get is a thousand times that."""
    cell_type = sim.nestml.nestml_cell_type("leaky", changed(NEURON, ("nA", "pA")))
    sim.setup(timestep=0.1, min_delay=0.1)
    cells = sim.Population(2, cell_type(tau_m=1e9, tau_syn=1e9))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.9]))
    sim.Projection(source, cells[:1], sim.AllToAllConnector(), sim.StaticSynapse(weight=0.3, delay=0.1))
    sim.DCSource(amplitude=0.3, start=1.0).inject_into(cells[1:])
    cells.record("V_m")
    sim.run(3.0)
    v = cells.get_data().segments[0].analogsignals[0].magnitude[-1]
    assert v == pytest.approx([-70.0 + 300.0 * 2.0 / 250.0] * 2, rel=1e-6)


def test_inhibitory_weights_are_negative_for_currents_and_reach_their_port_positive():
    cell_type = sim.nestml.nestml_cell_type("leaky", NEURON)
    assert not cell_type.conductance_based
    sim.setup(timestep=0.1, min_delay=0.1)
    cells = sim.Population(1, cell_type())
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.9]))
    synapses = sim.StaticSynapse(weight=-0.3, delay=0.1)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapses, receptor_type="inhibitory")
    cells.record(["G__X__inh", "G__X__exc"])
    sim.run(1.0)
    data = cells.get_data().segments[0]
    assert data.filter(name="G__X__inh")[0].magnitude[-1, 0] == pytest.approx(300.0)
    assert data.filter(name="G__X__exc")[0].magnitude[-1, 0] == 0.0


def test_what_is_proportional_to_a_port_jumps_when_the_variable_is_integrated():
    delta = changed(NEURON, ("exp(-t / tau_syn)", "delta(t)"), ("* nA", "* pA / ms * s"))
    description = neuron_of(changed(delta, (" + convolve(G, inh) * pA", "")))
    (way, otherwise) = description.update[0].branches[0][1], description.update[0].otherwise
    assert way[0].variables is None and way[1].target == "V_m" and "_excitatory" in way[1].expression
    assert otherwise[0].target == "r"
    with pytest.raises(errors.InvalidModelError, match=r"line 8 .*has to be proportional"):
        neuron_of(changed(delta, ("convolve(G, exc) * pA", "convolve(G, exc)**2 * pA")))


def test_several_ports_without_a_sign_are_receptors_of_their_own():
    text = changed(NEURON, ("exc <- excitatory spike", "exc <- spike"), ("inh <- inhibitory", "inh <- "))
    assert [receptor.name for receptor in neuron_of(text).receptors] == ["EXC", "INH"]


def test_vectors_and_arrays_of_ports():
    text = """
model many:
    state:
        x[N] mV = 1 mV
    parameters:
        N integer = 3
        tau ms = 2 ms
    input:
        spikes[3] <- spike
    output:
        spike
    update:
        i integer = 0
        for i in 0 ... N step 1:
            x[i] = x[i] * exp(-timestep() / tau) + spikes[i] * (1 mV * 1 s)
        if x[2] > 5 mV:
            x = 0 mV
            emit_spike()
"""
    description = neuron_of(text)
    assert [receptor.name for receptor in description.receptors] == ["SPIKES_0", "SPIKES_1", "SPIKES_2"]
    assert [variable.name for variable in description.variables] == ["x_0", "x_1", "x_2"]
    cell_type = sim.nestml.nestml_cell_type("many", text)
    sim.setup(timestep=0.1, min_delay=0.1)
    cells = sim.Population(1, cell_type())
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.5]))
    for name, weight in ("SPIKES_1", 0.001), ("SPIKES_2", 0.010):
        synapses = sim.StaticSynapse(weight=weight, delay=0.1)
        sim.Projection(source, cells, sim.AllToAllConnector(), synapses, receptor_type=name)
    cells.record(["x_0", "x_1", "spikes"])
    sim.run(1.0)
    data = cells.get_data().segments[0]
    x = {signal.name: signal.magnitude[:, 0] for signal in data.analogsignals}
    assert data.spiketrains[0].magnitude == pytest.approx([0.6])
    assert x["x_0"][5] == pytest.approx(np.exp(-0.25)) and x["x_0"][-1] == 0.0 == x["x_1"][-1]


def test_integers_are_truncated_as_in_c():
    text = changed(NEURON, ("r integer = 0", "r integer = -7 / 2"))
    cell_type = sim.nestml.nestml_cell_type("leaky", text)
    assert cell_type.default_initial_values["r"] == -3


INTEGERS = """
model integers:
    state:
        k integer = -5
        r integer = 0
        n integer = 0
    parameters:
        lambda real = 4.5
        m integer = 5
        q integer = 3 << 2 | 1
        on boolean = true
    update:
        k += 1
        r = %s
        if on:
            n = random_poisson(lambda)
"""


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("k << 2", lambda k: 4 * k),
        ("k >> 1", lambda k: k // 2),
        ("k & m", lambda k: k & 5),
        ("k | m", lambda k: k | 5),
        ("k ^ m", lambda k: k ^ 5),
        ("~k + (m & 1)", lambda k: ~k + 1),
        ("k % m", lambda k: np.fmod(k, 5)),
        ("k / m", lambda k: np.trunc(k / 5)),
    ],
)
def test_integers_are_those_of_c(text, function):
    cell_type = sim.nestml.nestml_cell_type("integers", INTEGERS % text)
    assert cell_type.default_parameters["q"] == 13.0
    sim.setup(timestep=0.1)
    cells = sim.Population(2, cell_type(m=[5, 7]))
    cells.record("r")
    sim.run(1.4)
    found = cells.get_data().segments[0].analogsignals[0].magnitude[1:, 0]
    assert np.array_equal(found, [function(k) for k in range(-4, 10)])


def test_numbers_of_a_poisson_distribution():
    """From the mean alone: also where e**-mean is no number any more."""
    means = [0.5, 30.0, 2000.0]
    sim.setup(timestep=0.1)
    cells = sim.Population(4, sim.nestml.nestml_cell_type("integers", INTEGERS % "k")())
    cells.set(on=[True, True, True, False], **{"lambda": [*means, 5.0]})
    cells.record("n")
    sim.run(5.0 if INTERPRETED else 200.0)
    n = cells.get_data().segments[0].analogsignals[0].magnitude[1:]
    assert not n[:, 3].any() and np.array_equal(n, np.rint(n))
    for found, mean in zip(n.T, means, strict=False):
        deviation = np.sqrt(mean / len(n))
        assert found.mean() == pytest.approx(mean, abs=5 * deviation)
        assert found.var() == pytest.approx(mean, rel=5 * np.sqrt((2 + 1 / mean) / len(n)))


def test_integers_and_booleans_are_what_they_are_called():
    cell_type = sim.nestml.nestml_cell_type("integers", INTEGERS % "k")
    sim.setup(timestep=0.1)
    with pytest.raises(errors.InvalidParameterValueError, match="'cells': m must be a whole number, not 2.5"):
        sim.Population(2, cell_type(m=[1, 2.5]), label="cells")
    cells = sim.Population(2, cell_type(on=False), label="cells")
    with pytest.raises(errors.InvalidParameterValueError, match="on must be True or False, not 2"):
        cells[1:].set(on=2)
    with pytest.raises(errors.InvalidParameterValueError, match="k must be a whole number, not 0.5"):
        cells.initialize(k=0.5)


# --- what variables were --------------------------------------------------------------------------

DELAYED = """
model late:
    state:
        x real = 1
        y real = -1
    equations:
        x' = -x(t - delay) / tau
        y' = (x(t - delay) - y) / tau %s
    parameters:
        tau ms = 2 ms
        delay ms = 1 ms
    update:
        integrate_odes()
        if x(t - 2 * delay) < 0:
            y += 0.125
"""


def _delayed(rest, pieces=(4.0,), threads=1, change=()):
    sim.setup(timestep=0.1, threads=threads)
    cells = sim.Population(3, sim.nestml.nestml_cell_type("late", DELAYED % rest)(delay=[0.5, 0.2, 1.04]))
    cells.record(["x", "y"])
    for piece in pieces:
        sim.run(piece)
        cells.set(**dict(change))
    return cells


def _values(cells, segment=0):
    data = cells.get_data().segments[segment]
    return np.array([data.filter(name=name)[0].magnitude for name in "xy"])


@pytest.mark.parametrize("rest", ["", "- y**3 / ms"])
def test_what_a_variable_was(rest):
    """As pynestml's code for NEST has it: a delay is a number of steps, the value is held over a step, and
    everything was 0 before the beginning."""
    x, y = _values(_delayed(rest))
    for cell, steps in enumerate((5, 2, 10)):
        mine, its = [1.0], -1.0
        for k in range(40):
            old, older = (mine[k - n] if k >= n else 0.0 for n in (steps, 2 * steps))
            mine.append(mine[k] - 0.1 * old / 2.0)
            for _ in range(200):  # of 0.0005 ms
                middle = its + 0.00025 * _slope_of_y(its, old, rest)
                its += 0.0005 * _slope_of_y(middle, old, rest)
            its += 0.125 * (older < 0)
            assert y[k + 1, cell] == pytest.approx(its, abs=1e-6), (cell, k)
        assert x[:, cell] == pytest.approx(mine, abs=1e-12)


def _slope_of_y(y, old, rest):
    return (old - y) / 2.0 - (y**3 if rest else 0.0)


@pytest.mark.usefixtures("always_threads")
def test_what_variables_were_is_the_same_in_pieces_threads_and_trials():
    expected = _values(_delayed("- y**3 / ms"))
    cells = _delayed("- y**3 / ms", pieces=(0.3, 0.1, 3.6), threads=2)
    assert np.array_equal(_values(cells), expected)
    sim.reset()
    sim.run(4.0)
    assert np.array_equal(_values(cells, 1), expected)


def test_a_delay_may_become_longer():
    """What nobody remembers any more counts as 0: of 16 steps at least there is memory here."""
    x, _ = _values(_delayed("", pieces=(2.0, 2.0), change={"delay": 1.7}))
    for cell, steps in enumerate((5, 2, 10)):
        mine = [1.0]
        for k in range(40):
            n = steps if k < 20 else 17
            mine.append(mine[k] - 0.1 * (mine[k - n] if k >= n and (k < 20 or k - n >= 4) else 0.0) / 2.0)
        assert x[:, cell] == pytest.approx(mine, abs=1e-12)


def test_a_card_has_no_memory_of_what_variables_were():
    from pyNN_fastsim.engine.cuda.support import fault_of_model

    for text, fault in (DELAYED % "", "cells that know what their variables were (late"), (NEURON, ""):
        assert (fault_of_model(sim.nestml.nestml_cell_type("late", text).model) or "").startswith(fault)


def test_delays_must_be_known_and_not_negative():
    with pytest.raises(errors.InvalidParameterValueError, match="delay must not be negative, not -1"):
        sim.Population(2, sim.nestml.nestml_cell_type("late", DELAYED % "")(delay=[1.0, -1.0]))
    for old, new, message in (
        ("x' = -x(t - delay)", "x' = -x(t + delay)", "the time must be t less the delay"),
        ("x' = -x(t - delay)", "x' = -x(t - y)", "can't depend on 'y'"),
        ("x' = -x(t - delay)", "x' = -tau(t - delay)", "tau"),
    ):
        with pytest.raises(errors.InvalidModelError, match=rf"^late, line 7 .*{message}"):
            neuron_of(changed(DELAYED % "", (old, new)), "late")


# --- synapses -------------------------------------------------------------------------------------

# In the dialect of 8.2: the delay is an argument of emit_spike().
STDP = """
model pairs:
    state:
        w real = 1 [[w >= 0]]
        pre_trace real = 0.
        post_trace real = 0.
    parameters:
        d ms = 1 ms
        lambda real = 0.01
        tau ms = 20 ms
        Wmax real = 100.
    equations:
        pre_trace' = -pre_trace / tau
        post_trace' = -post_trace / tau
    input:
        pre_spikes <- spike
        post_spikes <- spike
    output:
        spike(weight real, delay ms)
    onReceive(post_spikes):
        post_trace += 1
        w = min(Wmax, w + lambda * Wmax * pre_trace)
    onReceive(pre_spikes):
        pre_trace += 1
        w = max(0, w - lambda * Wmax * 1.1 * post_trace)
        emit_spike(w, d)
    update:
        integrate_odes()
"""


@pytest.fixture(scope="module")
def pairs():
    return sim.nestml.nestml_synapse_type("pairs", STDP, NEURON)


def test_weights_of_a_pair_rule_are_those_of_its_equations_in_nests_order(pairs):
    """Where spikes are at the same time, those of the target come first, and the source's reads their
    trace as it was before."""
    sim.setup(timestep=0.1, min_delay=0.1)
    times = [1.0, 4.0, 9.0, 30.0]  # a spike of the target comes back at 4, too
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    # Far from its threshold, so that the synapses of the rule make no spikes, and currents are short.
    target = sim.Population(1, pairs.postsynaptic_cell_type(E_L=-100.0, tau_syn=0.05))
    target.initialize(V_m=-100.0)
    force = sim.Population(1, sim.SpikeSourceArray(spike_times=[2.8, 9.3, 19.8]))
    sim.Projection(force, target, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.5, delay=0.1))
    synapses = pairs(weight=50.0, delay=1.0)
    projection = sim.Projection(source, target, sim.AllToAllConnector(), synapses, receptor_type="excitatory")
    target.record("spikes")
    sim.run(40.0)
    spikes = target.get_data().segments[0].spiketrains[0].magnitude
    assert len(spikes) == 3 and 3.0 in spikes
    arrivals = [round(t + 1.0, 1) for t in spikes]
    weight = 1000.0 * projection.get("weight", format="list", with_address=False)[0]
    assert weight == pytest.approx(_weight_of_pairs(50.0, times, arrivals), rel=1e-12)


def _weight_of_pairs(w, pre, post):
    for t, is_pre in sorted([(t, 0) for t in post] + [(t, 1) for t in pre]):
        partners = post if is_pre else pre
        trace = sum(np.exp(-(t - other) / 20.0) for other in partners if other < t)
        w = max(0.0, w - 1.1 * trace) if is_pre else min(100.0, w + trace)
    return w


def test_the_delay_of_old_dialects_is_pynns_delay(pairs):
    assert synapse_of(STDP).delay == "d"
    assert "d" not in pairs.default_parameters
    assert pairs(d=2.5).parameter_space["delay"].base_value == 2.5


def test_homogeneous_parameters_are_one_for_all():
    text = changed(STDP, ("tau ms = 20 ms", "tau ms = 20 ms @homogeneous"))
    synapses = sim.nestml.nestml_synapse_type("pairs", text)
    sim.setup(timestep=0.1)
    source, target = sim.Population(2, sim.SpikeSourceArray()), sim.Population(1, sim.IF_curr_exp())
    projection = sim.Projection(source, target, sim.AllToAllConnector(), synapses(tau=30.0))
    with pytest.raises(errors.InvalidParameterValueError, match="tau is one for all, .* 20 and 30$"):
        projection.set(tau=[20.0, 30.0])


def test_the_weight_goes_by_both_names(pairs, tmp_path):
    """By that of the model in its unit, by PyNN's in nA, as in pyNN.nest."""
    sim.setup(timestep=0.1, min_delay=0.1)
    source, target = sim.Population(2, sim.SpikeSourceArray()), sim.Population(1, sim.IF_curr_exp())
    connector = sim.FromListConnector([(0, 0, 40.0, 1.5), (1, 0, 50.0, 2.0)], column_names=["w", "d"])
    projection = sim.Projection(source, target, connector, pairs(), label="synapses")
    both = projection.get(["w", "weight", "d", "delay"], format="list", with_address=False)
    assert np.array(both) == pytest.approx(np.array([[40.0, 0.04, 1.5, 1.5], [50.0, 0.05, 2.0, 2.0]]))
    projection.set(w=[10.0, 20.0], d=3.0)
    projection[0].w = 15.0
    assert (projection[0].weight, projection[1].w, projection[1].d) == pytest.approx((0.015, 20.0, 3.0))
    assert projection.get("w", format="array")[:, 0] == pytest.approx([15.0, 20.0])
    projection.save("w", str(tmp_path / "w.txt"))
    assert np.loadtxt(tmp_path / "w.txt")[:, 2] == pytest.approx([15.0, 20.0])
    projection.record("w")
    sim.run(0.2)
    signal = projection.get_data("w").segments[0].analogsignals[0]
    assert signal.name == "weight" and signal.magnitude[-1] == pytest.approx([0.015, 0.02])
    for call in (lambda: pairs(w=1.0, weight=2.0)), (lambda: projection.set(w=1.0, weight=2.0)):
        with pytest.raises(errors.InvalidParameterValueError, match="w is the weight: give one of them"):
            call()
    with pytest.raises(errors.NonExistentParameterError, match=r"call set\(w=...\)"):
        projection.initialize(w=3.0)


@pytest.mark.parametrize("again", [False, True])
def test_ports_at_which_nothing_arrives_are_named(again):
    """Also when the text is not read again."""
    text = changed(STDP, ("post_spikes <- spike", "post_spikes <- spike\n        dopa <- spike"))
    with pytest.warns(UserWarning, match="^pairs: nothing arrives at the port 'dopa'"):
        sim.nestml.nestml_synapse_type("pairs", text)


def test_there_must_be_a_weight():
    with pytest.raises(errors.InvalidModelError, match="there is no 'weight'"):
        synapse_of(STDP, weight_variable="weight")


# --- names, files, and what is kept ---------------------------------------------------------------


def test_a_model_may_be_a_file_and_come_after_setup(tmp_path):
    path = tmp_path / "leaky.nestml"
    path.write_text(NEURON, encoding="utf-8")
    sim.setup()
    cell_type = sim.nestml.nestml_cell_type("leaky", str(path))
    assert cell_type.__name__ == "leaky"
    assert sim.Population(1, cell_type(I_e=3.0)).get("I_e") == 3.0
    with pytest.raises(errors.InvalidModelError, match="there is no file 'leeky.nestml'"):
        sim.nestml.nestml_cell_type("leaky", "leeky.nestml")


def test_a_model_that_was_read_before_needs_no_parser(monkeypatch):
    sim.nestml.nestml_cell_type("leaky", NEURON)
    monkeypatch.setitem(sys.modules, "pynestml", None)
    monkeypatch.delitem(sys.modules, "pyNN_fastsim.equations.nestml")
    assert sim.nestml.nestml_cell_type("leaky", NEURON).__name__ == "leaky"


@pytest.mark.deep
def test_a_kernel_must_follow_a_linear_equation():
    text = changed(NEURON, ("exp(-t / tau_syn)", "exp(-t**2 / tau_syn**2)"))
    with pytest.raises(errors.InvalidModelError, match=r"line 7 .*kernel 'G' does not follow a linear"):
        neuron_of(text)


# --- mistakes -------------------------------------------------------------------------------------

MISTAKES = [
    (("integrate_odes()", "integrate_odes("), r"line \d+"),
    (("tau_m +", "tau_x +"), r"line 8 .*tau_x"),
    (("r -= 1", "r -= random_poisson(3, 4)"), r"line 26 .*random_poisson"),
    (("r -= 1", "q = 1"), r"line 26 .*q"),
    (("tau_m ms = 10 ms", "tau_m ms = 10 mV"), r"line 11 .*"),
    (("r integer = 0", "r integer = r + 1"), r"line 5 .*"),
    (("C_m pF = 0.25 nF", "dt pF = 0.25 nF"), r"line (8|10) .*"),
    (("model leaky:", "neuron leaky:"), "there is no model in the text"),
]


@pytest.mark.parametrize(("change", "message"), MISTAKES, ids=[change[1] for change, _ in MISTAKES])
def test_mistakes_are_named_with_their_line(change, message, capfd):
    with pytest.raises(errors.InvalidModelError, match=rf"^leaky[,:] {message}"):
        neuron_of(changed(NEURON, change), "leaky")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("seed", range(4))
def test_garbage_gives_documented_errors_only(seed):
    rng = np.random.default_rng(seed)
    letters = list(STDP)
    for _ in range(6):
        where = rng.integers(len(letters))
        letters[where] = rng.choice(list("()*+-/=:'[]{}\n e1\"#,.<&"))
    try:
        synapse_of("".join(letters))
    except errors.InvalidModelError:
        pass
