"""The adaptive linear-nonlinear model for users: its tables, and how its nodes are connected."""

import functools
import os
from pathlib import Path

import numpy as np

from .arguments import is_finite
from .celltypes import CellType
from .connectome import ConnectomeConnector
from .connectors import OneToOneConnector
from .engine.neurons.aln import ALN as MODEL
from .engine.neurons.aln import PARAMETERS, RECEPTORS, STATE, Tables
from .engine.transfer_functions import transfer_functions
from .graded import GradedConnection
from .messages import shown
from .projections import Projection
from .standardmodels.synapses import StaticSynapse
from .versions import usable_cores

__all__ = ["ALN"]

NAMES = ("mu_vals", "sigma_vals", "r_ss", "V_mean_ss", "tau_mu_exp")
SHIPPED = Path(__file__).parent / "data" / "aln_tables.npz"  # made by tests/references/aln_tables.py
MEANS, SPREADS = (-1.0, 7.0, 350), (0.5, 5.0, 64)  # of these: first, last, how many


class ALN(CellType):
    """
    Adaptive linear-nonlinear model of an excitatory and an inhibitory population of adaptive exponential
    integrate-and-fire neurons (Cakan & Obermayer 2020, PLoS Comput. Biol. 16, e1007822), with the parameters,
    units and defaults of neurolib 0.6.2.

    `tables` are the transfer functions, which belong to the parameters of the single neuron; None are those
    of neurolib's defaults (C=200, gL=10). Others are what `ALN.transfer_functions` gives, a dictionary of
    arrays: mu_vals, sigma_vals, r_ss (kHz), V_mean_ss (mV) and tau_mu_exp (ms), the latter three [mu, sigma];
    or the path of an HDF5 file with arrays of these names, such as neurolib's own
    (neurolib/models/aln/aln-precalc/quantities_cascade.h5).

    Connect nodes with `connect`.
    """

    model = MODEL
    is_standard = False
    injectable = False
    conductance_based = False
    weights_have_signs = False
    receptor_types = RECEPTORS
    default_parameters = dict(PARAMETERS)
    default_initial_values = {name: value for name, value in STATE.items() if name[0] != "_"}
    recordable = list(default_initial_values)
    units = {
        **dict.fromkeys([*PARAMETERS, *default_initial_values], ""),
        **dict.fromkeys(("tau_se", "tau_si", "tauA", "tau_ou"), "ms"),
        "EA": "mV", "C": "pF", "gL": "nS", "a": "nS", "b": "pA", "IA": "pA", "rates_exc": "Hz",
        "rates_inh": "Hz",
    }  # fmt: skip
    above = tuple((name, 0.0) for name in ("tau_se", "tau_si", "tauA", "tau_ou", "C", "gL"))

    def __init__(self, tables=None, **parameters):
        self._tables = _as_tables(tables)
        super().__init__(**parameters)

    def engine_values(self, values, n):  # type: ignore[override]
        """With the tables."""
        return values | {"_tables": self._tables}

    @staticmethod
    def transfer_functions(
        C=200.0, gL=10.0, EL=-65.0, VT=-50.0, DeltaT=1.5, Vs=-40.0, Vr=-70.0, Tref=1.5, mu_vals=None,
        sigma_vals=None,
    ):  # fmt: skip
        """
        The tables of an exponential integrate-and-fire neuron, from its Fokker-Planck equation (Richardson
        2007, Phys. Rev. E 76, 021919; Augustin et al. 2017, PLoS Comput. Biol. 13, e1005545).

        C, gL             pF, nS; give them to `ALN`, too
        EL, VT, DeltaT    resting and threshold potential, and how steep the exponential is, mV
        Vs, Vr, Tref      potentials of a spike and after it (mV), refractory period (ms)
        mu_vals           means of the input, evenly spaced, mV/ms; by default 350 from -1 to 7
        sigma_vals        its standard deviations, likewise, mV / sqrt(ms); by default 64 from 0.5 to 5

        Returns a dictionary for `ALN(tables=...)`. It takes 2 to 5 ms for each pair of values; about
        two minutes for the defaults.
        """
        neuron = {
            "C": C, "gL": gL, "EL": EL, "VT": VT, "DeltaT": DeltaT, "Vs": Vs, "Vr": Vr, "Tref": Tref
        }  # fmt: skip
        _check_neuron(neuron)
        means = _evenly_spaced("mu_vals", mu_vals, MEANS)
        spreads = _evenly_spaced("sigma_vals", sigma_vals, SPREADS)
        if spreads[0] <= 0:
            raise ValueError(f"ALN: sigma_vals must be above 0, not {shown(sigma_vals)}")
        found = transfer_functions(neuron, means, spreads, usable_cores())
        return dict(zip(NAMES, (means, spreads, *found), strict=True))

    @staticmethod
    def connect(nodes, Cmat=None, Dmat=None, signalV=20.0, de=4.0, di=2.0):
        """
        Connect a population of nodes, each with itself and with each other.

        Cmat, Dmat, signalV   strengths, lengths (mm) and speed (m/s), see `ConnectomeConnector`
        de, di                delays of excitation and inhibition within a node, ms

        Returns the projections: local excitation and inhibition, and, with a Cmat, between nodes, with the
        strengths and with their squares.
        """
        one = OneToOneConnector()
        inhibition = GradedConnection.of(StaticSynapse(weight=1.0, delay=di), "rates_inh")
        made = [
            Projection(nodes, nodes, one, StaticSynapse(weight=1.0, delay=de), receptor_type="local_exc"),
            Projection(nodes, nodes, one, inhibition, receptor_type="local_inh"),
        ]
        if Cmat is not None:
            for receptor, power in ("network", 1), ("network_squared", 2):
                connector = ConnectomeConnector(np.asarray(Cmat, float) ** power, Dmat, signalV, K_gl=1.0)
                made.append(Projection(nodes, nodes, connector, receptor_type=receptor))
        return made


@functools.cache
def _shipped():
    with np.load(SHIPPED) as file:
        return _tables_of({name: file[name] for name in NAMES})


def _as_tables(given):
    """Raises ValueError for what has no tables, TypeError for what can't have any."""
    if given is None:
        return _shipped()
    if isinstance(given, (str, os.PathLike)):
        import h5py

        with h5py.File(given, "r") as file:
            given = {name: file[name][()] for name in NAMES if name in file}
    if not isinstance(given, dict):
        raise TypeError(
            f"ALN: tables must be what ALN.transfer_functions gives, the path of an HDF5 file, or None, not "
            f"{shown(given)}"
        )
    return _tables_of(given)


def _tables_of(given):
    missing = [name for name in NAMES if name not in given]
    if missing:
        raise ValueError(f"ALN: tables have no {missing[0]}")
    arrays = [np.asarray(given[name], dtype=np.float64) for name in NAMES]
    shape = (len(arrays[0]), len(arrays[1]))
    if min(shape) < 2 or any(array.shape != shape for array in arrays[2:]):
        raise ValueError(
            "ALN: tables must have a row for each of mu_vals and a column for each of sigma_vals"
        )
    return Tables(*arrays)


def _check_neuron(neuron):
    """Raise ValueError for parameters with which there are no spikes, or no end of them."""
    for name, value in neuron.items():
        if not is_finite(value):
            raise ValueError(f"ALN: {name} must be a finite number, not {shown(value)}")
    for name in "C", "gL", "DeltaT":
        if neuron[name] <= 0:
            raise ValueError(f"ALN: {name} must be above 0, not {neuron[name]:g}")
    if neuron["Tref"] < 0:
        raise ValueError(f"ALN: Tref must not be below 0 ms, but is {neuron['Tref']:g}")
    if not max(neuron["Vr"], neuron["VT"]) < neuron["Vs"]:
        raise ValueError(
            f"ALN: Vs must be above Vr and VT, but they are {neuron['Vs']:g}, {neuron['Vr']:g} and "
            f"{neuron['VT']:g} mV"
        )


def _evenly_spaced(name, given, default):
    """float64, ascending. Raises ValueError for anything else."""
    if given is None:
        return np.linspace(*default)
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.zeros(0)
    steps = np.diff(values) if values.ndim == 1 else np.zeros(0)
    if not len(steps) or not np.isfinite(values).all() or steps[0] <= 0 or np.ptp(steps) > 1e-9 * steps[0]:
        raise ValueError(f"ALN: {name} must be at least two evenly spaced numbers, not {shown(given)}")
    return values
