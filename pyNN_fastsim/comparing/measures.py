"""
Statistics of the spikes of a population, as published comparisons of simulators use them.

Rates, coefficients of variation of interspike intervals and correlation coefficients of binned spike
counts, one number for each cell or pair, and how two samples of such numbers differ: Gutzen et al. 2018
(Front. Neuroinform. 12:90), van Albada et al. 2018 (Front. Neurosci. 12:291).
"""

from dataclasses import dataclass

import numpy as np

BIN = 2.0  # ms, of correlations, as in Gutzen et al. 2018
SYNCHRONY_BIN = 3.0  # ms
MOST_CORRELATED = 200  # cells among which correlations are computed
DECIMALS = 9  # that count between two samples
FEWEST_INTERVALS = 2  # of a cell that has a coefficient of variation


@dataclass
class Statistics:
    """Of one population in one trial.

    rates          spikes/s of each recorded cell
    cvs            of the intervals of each cell with enough of them
    correlations   of pairs among `MOST_CORRELATED` cells that spike
    synchrony      variance over mean of the population's spike count in bins (1 for independent Poisson)
    """

    n_spikes: int
    rates: np.ndarray
    cvs: np.ndarray
    correlations: np.ndarray
    synchrony: float

    def samples(self):
        """What has a distribution, by name."""
        return {"rate": self.rates, "CV": self.cvs, "correlation": self.correlations}


def statistics_of(spikes):
    """The `Statistics` of `outcome.Spikes`."""
    trains = spikes.trains()
    seconds = max(spikes.seconds, 1e-9)
    cvs = [_cv(train) for train in trains if len(train) > FEWEST_INTERVALS]
    return Statistics(
        n_spikes=len(spikes.times),
        rates=np.array([len(train) / seconds for train in trains]),
        cvs=np.array(cvs, dtype=float),
        correlations=_correlations(trains, spikes.start, spikes.stop),
        synchrony=_synchrony(spikes),
    )


def _cv(train):
    from elephant.statistics import cv, isi

    return float(cv(isi(train)))


def _correlations(trains, start, stop):
    """Pearson's coefficients of the spike counts of pairs of cells: [pairs]."""
    active = [train for train in trains if len(train)][:MOST_CORRELATED]
    n_bins = int((stop - start) / BIN)
    if len(active) < 2 or n_bins < 2:
        return np.zeros(0)
    edges = start + BIN * np.arange(n_bins + 1)
    counts = np.array([np.histogram(train, edges)[0] for train in active], dtype=float)
    counts = counts[counts.std(axis=1) > 0]
    if len(counts) < 2:
        return np.zeros(0)
    return np.corrcoef(counts)[np.triu_indices(len(counts), 1)]


def _synchrony(spikes):
    n_bins = int((spikes.stop - spikes.start) / SYNCHRONY_BIN)
    if n_bins < 2 or len(spikes.times) == 0:
        return float("nan")
    counts = np.histogram(spikes.times, spikes.start + SYNCHRONY_BIN * np.arange(n_bins + 1))[0]
    return float(counts.var() / counts.mean()) if counts.mean() > 0 else float("nan")


@dataclass
class Distance:
    """Between two samples: the two-sample Kolmogorov-Smirnov statistic, its p value, Cohen's d."""

    ks: float
    p: float
    effect: float


def distance(first, second):
    """The `Distance` of two samples; None if one of them is empty.

    Numbers are rounded first: a distance of steps takes rates of 10 and 10 + 1e-12 for different ones, and
    the end of NEURON's run is that far from 300 ms.
    """
    if len(first) == 0 or len(second) == 0:
        return None
    from scipy.stats import ks_2samp

    first, second = np.round(first, DECIMALS), np.round(second, DECIMALS)
    result = ks_2samp(first, second)
    pooled = np.sqrt((np.var(first) + np.var(second)) / 2)
    difference = abs(np.mean(first) - np.mean(second))
    effect = difference / pooled if pooled > 0 else (0.0 if difference == 0 else np.inf)
    return Distance(float(result.statistic), float(result.pvalue), float(effect))
