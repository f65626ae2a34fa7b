"""
A comparison as a figure: for each population a raster, and the distributions of rates, CVs and correlations.
"""

import numpy as np

SHOWN = 30  # cells of a raster
COLOURS = ("#1b6ca8", "#d1603d", "#3c8d5a", "#8a5a9e", "#7a7a7a")
QUANTITIES = (("rate", "rate (spikes/s)"), ("CV", "CV of intervals"), ("correlation", "correlation"))


def write_figure(comparison, path):
    """Write the figure to a file, whose ending tells the format. Raises ValueError if nobody has spiked."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    outcomes = [outcome for outcome in comparison.good if outcome.seed == 0]
    places = [k for k, each in enumerate(outcomes[0].populations) if each.spikes is not None]
    if not places:
        raise ValueError("no population has recorded spikes, so there is nothing to be drawn")
    size = (13, 2.6 * len(places) + 0.6)
    figure, axes = plt.subplots(
        len(places), 4, figsize=size, squeeze=False, layout="constrained", width_ratios=[2, 1, 1, 1]
    )
    for row, k in zip(axes, places, strict=True):
        populations = [
            (COLOURS[n % len(COLOURS)], outcome.populations[k])
            for n, outcome in enumerate(outcomes)
            if k < len(outcome.populations)
        ]
        _raster(row[0], populations)
        for axis, (name, title) in zip(row[1:], QUANTITIES, strict=True):
            _distributions(axis, name, title, populations)
    handles = [
        plt.Line2D([], [], color=COLOURS[n % len(COLOURS)], label=outcome.backend)
        for n, outcome in enumerate(outcomes)
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _raster(axis, populations):
    """The same cells of all simulators, side by side within the row of a cell."""
    height = 1.0 / len(populations)
    for n, (colour, population) in enumerate(populations):
        spikes = population.spikes
        if spikes is None:
            continue
        kept = np.isin(spikes.cells, spikes.recorded[:SHOWN])
        bottom = spikes.cells[kept] + n * height
        axis.vlines(spikes.times[kept], bottom, bottom + 0.9 * height, color=colour, linewidth=1.2)
    axis.set(xlabel="time (ms)", ylabel="cell", title=populations[0][1].label.replace("$", r"\$"))


def _distributions(axis, name, title, populations):
    samples = []
    for colour, population in populations:
        found = population.statistics
        if found is not None and len(found.samples()[name]):
            samples.append((colour, found.samples()[name]))
    if samples:
        everything = np.concatenate([sample for _, sample in samples])
        bins = np.linspace(everything.min(), everything.max() + 1e-9, 30)
        for colour, sample in samples:
            axis.hist(sample, bins, density=True, histtype="step", color=colour)
    axis.set(xlabel=title, yticks=[])
