"""The adaptive linear-nonlinear model for users: its tables, and how its nodes are connected."""

import os

import numpy as np

from .celltypes import CellType
from .connectome import ConnectomeConnector
from .connectors import OneToOneConnector
from .engine.neurons.aln import ALN as MODEL
from .engine.neurons.aln import PARAMETERS, RECEPTORS, STATE, Tables
from .graded import GradedConnection
from .messages import shown
from .projections import Projection
from .standardmodels.synapses import StaticSynapse

__all__ = ["ALN"]

NAMES = ("mu_vals", "sigma_vals", "r_ss", "V_mean_ss", "tau_mu_exp")


class ALN(CellType):
    """
    Adaptive linear-nonlinear model of an excitatory and an inhibitory population of adaptive exponential
    integrate-and-fire neurons (Cakan & Obermayer 2020, PLoS Comput. Biol. 16, e1007822), with the parameters,
    units and defaults of neurolib 0.6.2.

    `tables` are the transfer functions, which belong to the parameters of the single neuron: the path of an
    HDF5 file, such as neurolib's own (neurolib/models/aln/aln-precalc/quantities_cascade.h5), which this
    package does not ship, or a dictionary of arrays with the names in it: mu_vals, sigma_vals, r_ss (kHz),
    V_mean_ss (mV) and tau_mu_exp (ms), the latter three [mu, sigma].

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


def _as_tables(given):
    """Raises ValueError for what has no tables, TypeError for what can't have any."""
    if isinstance(given, (str, os.PathLike)):
        import h5py

        with h5py.File(given, "r") as file:
            given = {name: file[name][()] for name in NAMES if name in file}
    if not isinstance(given, dict):
        raise TypeError(
            f"ALN: tables must be the path of an HDF5 file with transfer functions, such as neurolib's "
            f"models/aln/aln-precalc/quantities_cascade.h5, or a dictionary, not {shown(given)}"
        )
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
