"""
What names of other simulators, and of textbooks, are called in PyNN: one table for all of them.

Only a name that is unknown is looked for here, so this file is loaded with the first mistake.
"""

_RECORDED = "population.record('spikes') before the run, and population.get_data('spikes') after it"
_SAMPLED = "population.record('v') before the run, and population.get_data('v') after it"
_MADE = "Population(size, celltype), as in Population(10, IF_curr_exp(tau_m=10.0))"
_CONNECTED = "Projection(pre, post, connector, synapse_type, receptor_type='excitatory')"
_RUN = "run(simtime), in ms"
_SETUP = "setup(timestep=0.1), which begins a new network"
_NUMBERS = "a plain number: times are in ms, potentials in mV, currents in nA, capacitances in nF"
_READ = "population.get('tau_m') and projection.get('weight', format='list')"
_CHANGED = "population.set(tau_m=10.0) and projection.set(weight=0.1)"

# Of a module: cells, synapses, sources, recorders and functions; by name, in whatever case.
OF_MODULES = {
    # NEST
    "iaf_psc_exp": "IF_curr_exp",
    "iaf_psc_alpha": "IF_curr_alpha",
    "iaf_psc_delta": "IF_curr_delta",
    "iaf_cond_exp": "IF_cond_exp",
    "iaf_cond_alpha": "IF_cond_alpha",
    "iaf_cond_exp_sfa_rr": "IF_cond_exp_gsfa_grr",
    "iaf_psc_exp_multisynapse": "PointNeuron(LIF(), name=CurrExpPostSynapticResponse())",
    "iaf_cond_beta": "PointNeuron(LIF(), name=BetaPSR())",
    "aeif_cond_exp": "EIF_cond_exp_isfa_ista",
    "aeif_cond_alpha": "EIF_cond_alpha_isfa_ista",
    "aeif_cond_beta_multisynapse": "PointNeuron(AdExp(), name=BetaPSR())",
    "aeif_cond_alpha_multisynapse": "PointNeuron(AdExp(), name=AlphaPSR())",
    "hh_cond_exp_traub": "HH_cond_exp",
    "hh_psc_alpha": "HH_cond_exp",
    "gif_cond_exp": "GIF_cond_exp",
    "poisson_generator": "SpikeSourcePoisson",
    "spike_generator": "SpikeSourceArray",
    "gamma_sup_generator": "SpikeSourceGamma",
    "ppd_sup_generator": "SpikeSourcePoissonRefractory",
    "dc_generator": "DCSource, and population.inject(source)",
    "ac_generator": "ACSource, and population.inject(source)",
    "noise_generator": "NoisyCurrentSource, and population.inject(source)",
    "step_current_generator": "StepCurrentSource, and population.inject(source)",
    "static_synapse": "StaticSynapse",
    "tsodyks_synapse": "TsodyksMarkramSynapse",
    "tsodyks2_synapse": "TsodyksMarkramSynapse",
    "bernoulli_synapse": "SimpleStochasticSynapse",
    "quantal_stp_synapse": "MultiQuantalSynapse",
    "stdp_synapse": "STDPMechanism(SpikePairRule(), AdditiveWeightDependence())",
    "vogels_sprekeler_synapse": "STDPMechanism(Vogels2011Rule(), AdditiveWeightDependence())",
    "gap_junction": "ElectricalSynapse",
    **dict.fromkeys(("spike_detector", "spike_recorder"), _RECORDED),
    **dict.fromkeys(("voltmeter", "multimeter"), _SAMPLED),
    "Simulate": _RUN,
    **dict.fromkeys(("ResetKernel", "SetKernelStatus", "GetKernelStatus"), _SETUP),
    **dict.fromkeys(("SetStatus", "SetDefaults"), _CHANGED),
    **dict.fromkeys(("GetStatus", "GetConnections", "GetDefaults"), _READ),
    "CopyModel": "a cell or synapse type with parameters, as in IF_curr_exp(tau_m=10.0)",
    # Brian 2
    "NeuronGroup": _MADE,
    "Synapses": _CONNECTED,
    "SpikeGeneratorGroup": "SpikeSourceArray",
    "PoissonGroup": "SpikeSourcePoisson",
    "PoissonInput": "SpikeSourcePoisson, and a Projection from it",
    **dict.fromkeys(("SpikeMonitor", "PopulationRateMonitor"), _RECORDED),
    "StateMonitor": _SAMPLED,
    "network_operation": "run(simtime, callbacks=[function])",
    **dict.fromkeys(("start_scope", "defaultclock", "Brian", "Brian2"), _SETUP),
    **dict.fromkeys(("ms", "mV", "nA", "pA", "pF", "nF", "nS", "uS", "Hz", "second", "volt"), _NUMBERS),
    # NEURON
    "IClamp": "DCSource(amplitude=..., start=..., stop=...), and population.inject(source)",
    "NetCon": _CONNECTED,
    "NetStim": "SpikeSourcePoisson, or SpikeSourceArray",
    "VecStim": "SpikeSourceArray",
    "APCount": _RECORDED,
    "Vector": _SAMPLED,
    "ExpSyn": "PointNeuron(LIF(), name=ExpPSR()), or a cell type such as IF_cond_exp",
    "Exp2Syn": "PointNeuron(LIF(), name=BetaPSR())",
    "AlphaSynapse": "PointNeuron(LIF(), name=AlphaPSR()), or a cell type such as IF_cond_alpha",
    "finitialize": "population.initialize(v=-65.0)",
    "continuerun": "run_until(time), in ms",
    "h": "PyNN's own classes; this simulator has point neurons only, no sections",
    "Section": "a cell type such as HH_cond_exp; this simulator has point neurons only",
    # what people say
    "AdEx": "EIF_cond_exp_isfa_ista (or EIF_cond_alpha_isfa_ista)",
    "aEIF": "EIF_cond_exp_isfa_ista (or EIF_cond_alpha_isfa_ista)",
    **dict.fromkeys(("IF", "IAF", "LeakyIntegrateAndFire"), "IF_curr_exp (or IF_cond_exp)"),
    **dict.fromkeys(("HH", "HodgkinHuxley"), "HH_cond_exp"),
    "Poisson": "SpikeSourcePoisson",
    "SpikeGenerator": "SpikeSourceArray",
    "SpikeSource": "SpikeSourceArray (or SpikeSourcePoisson)",
    "STDP": "STDPMechanism(SpikePairRule(), AdditiveWeightDependence())",
    "STP": "TsodyksMarkramSynapse",
    **dict.fromkeys(("Neurons", "Layer"), _MADE),
    "Connection": _CONNECTED,
    **dict.fromkeys(("Simulator", "Simulation", "init", "clear"), _SETUP),
    **dict.fromkeys(("simulate", "start"), _RUN),
    **dict.fromkeys(("plot", "Figure", "Panel"), "pyNN.utility.plotting.Figure and Panel"),
}
_CAPITALISED = {"Create": _MADE, "Connect": _CONNECTED, "Run": _RUN, "Reset": "reset(), back to time 0"}

# Of parameters, receptors and variables, without their case: PyNN's, the first that there is.
_SAME = (
    (("cm",), ("c_m", "c", "cap", "capacitance", "membrane_capacitance")),
    (("tau_m",), ("tau", "taum", "tau_mem", "tau_membrane", "membrane_time_constant")),
    (("v_rest", "e_rev_leak"), ("e_l", "el", "e_leak", "vrest", "v_leak", "u_rest", "resting_potential")),
    (("v_thresh",), ("v_th", "vth", "vt", "v_t", "theta", "threshold", "thr", "u_thresh")),
    (("v_reset",), ("vr", "v_r", "vreset", "u_reset", "e_reset")),
    (("v_spike",), ("v_peak", "vpeak", "v_cut")),
    (("i_offset", "amplitude"), ("i_e", "ie", "i", "i_ext", "iext", "i_inj", "i_bias", "bias", "current")),
    (("tau_refrac",), ("t_ref", "tref", "t_refrac", "tau_ref", "refractory", "refrac")),
    (("tau_syn_E",), ("tau_syn_ex", "tau_e", "taue", "tau_exc", "tau_ampa")),
    (("tau_syn_I",), ("tau_syn_in", "tau_i", "taui", "tau_inh", "tau_gaba")),
    (("e_rev_E",), ("e_ex", "ee", "e_exc", "e_ampa")),
    (("e_rev_I",), ("e_in", "ei", "e_inh", "e_gaba")),
    (("spike_times",), ("times", "spiketimes", "spikes")),
    (("rate",), ("freq", "frequency", "firing_rate", "lambda")),
    (("amplitude",), ("amp",)),
    (("start", "duration"), ("delay", "dur")),
    (("inhibitory",), ("gaba", "gaba_a", "gabaa", "inh", "inhib", "i", "in")),
    (("excitatory",), ("ampa", "nmda", "exc", "excit", "e", "ex")),
    (("v",), ("v_m", "vm", "voltage", "potential", "membrane_potential", "u_m")),
    (("spikes",), ("spike_times", "spiketrains", "times")),
    (("gsyn_exc", "isyn_exc"), ("g_ex", "ge", "g_exc", "g_syn_ex", "i_syn_ex")),
    (("gsyn_inh", "isyn_inh"), ("g_in", "gi", "g_inh", "g_syn_in", "i_syn_in")),
    (("weight",), ("w", "j", "weights", "strength", "gmax", "g_max", "conductance")),
    (("delay",), ("d", "delays", "synaptic_delay")),
    (("p_connect",), ("p", "prob", "probability")),
    (("n",), ("k", "num", "number", "indegree", "outdegree")),
    (("allow_self_connections",), ("allow_autapses", "autapses", "self_connections")),
    (("tau_rec",), ("tau_d", "tau_depr")),
    (("tau_facil",), ("tau_fac", "tau_f")),
)
OF_ARGUMENTS: dict[str, list[str]] = {}
for _todays, _others in _SAME:
    for _other in _others:
        OF_ARGUMENTS.setdefault(_other, []).extend(_todays)

# Of values of RandomDistribution: the name, and the names of parameters.
OF_DISTRIBUTIONS = {"gaussian": "normal", "gauss": "normal", "randint": "uniform_int", "rand": "uniform"}
OF_DISTRIBUTIONS |= {"integers": "uniform_int", "randn": "normal", "expon": "exponential"}

_OF_MODULES = {name.lower(): words for name, words in OF_MODULES.items()}


def in_pynn(name):
    """What something is in PyNN, in words, given its name in another simulator; None if that is unknown."""
    words = _CAPITALISED.get(name) or OF_MODULES.get(name) or _OF_MODULES.get(name.lower())
    if words is None and name.endswith(("_ps", "_hpc", "_lbl", "_canon")):  # variants of NEST's models
        return in_pynn(name.rpartition("_")[0])
    return words if words is None else words + _by_its_own_name(name)


def _by_its_own_name(name):
    """How to have a model of NEST under its own name, where that can be had."""
    from .native_cells import CELLS
    from .native_synapses import SYNAPSES

    for function, known in ("native_cell_type", CELLS), ("native_synapse_type", SYNAPSES):
        if name in known:
            return f", or {function}({name!r}) with NEST's names and units"
    return ""


def among(name, known):
    """Which of the known names of arguments a name of elsewhere stands for; None if it is none of them."""
    return next((each for each in OF_ARGUMENTS.get(str(name).lower(), ()) if each in known), None)
