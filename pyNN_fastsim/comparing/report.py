"""
A comparison as text: tables of aligned columns.
"""

import numpy as np

from .expected import DOCS, expected_differences

WORDS = 30  # characters: a longer text is words, not a number


def table(header, rows):
    """Rows of texts with aligned columns: the first one and words to the left, numbers to the right."""
    rows = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(header))]
    to_left = [k == 0 or width > WORDS for k, width in enumerate(widths)]
    return [
        "  ".join(
            cell.ljust(width) if left else cell.rjust(width)
            for cell, width, left in zip(row, widths, to_left, strict=True)
        ).rstrip()
        for row in rows
    ]


def number(value, digits=3):
    """A number as text; "-" for none."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "-"
    return f"{value:.{digits}g}"


def time_rows(outcomes):
    """(header, rows) of what took how long, and of failures."""
    parts = ("import", "build", "run", "data", "rest")
    rows = []
    for outcome in outcomes:
        if outcome.seconds:
            times = [f"{outcome.seconds.get(part, 0.0):.2f}" for part in parts]
            memory = f"{outcome.peak_bytes / 1e6:.0f}"
        else:
            times, memory = ["-"] * len(parts), "-"
        rows.append([outcome.name, *times, memory, outcome.failure or "ran"])
    return ("simulator", *(f"{part}, s" for part in parts), "peak, MB", ""), rows


def population_rows(outcomes):
    """(header, rows) of the statistics of each population on each simulator."""
    rows = []
    places = max((len(outcome.populations) for outcome in outcomes), default=0)
    for k in range(places):
        for outcome in outcomes:
            if k >= len(outcome.populations):
                continue
            population = outcome.populations[k]
            found = population.statistics
            if found is None:
                continue
            rows.append(
                [
                    f"{population.label} ({population.size} {population.celltype})",
                    outcome.name,
                    found.n_spikes,
                    *(number(_mean(sample)) for sample in found.samples().values()),
                    number(found.synchrony),
                ]
            )
    return ("population", "simulator", "spikes", "rate, /s", "CV", "correlation", "synchrony"), rows


def _mean(sample):
    return float(np.mean(sample)) if len(sample) else None


def spike_rows(differences):
    """(header, rows) of how spikes differ from the reference's."""
    rows = []
    for difference in differences:
        for each in difference.populations:
            if each.missing:
                rows.append([each.label, difference.backend, "-", "-", each.missing, "", "", ""])
                continue
            first = "none differs" if each.exact else "-"
            if each.first is not None:
                first = f"{each.first[0]:.2f} ms, cell {each.first[1]}"
            share = "-" if each.coincident is None else f"{each.coincident:.2%}"
            rows.append([each.label, difference.backend, share, first, *_distance_cells(each)])
    header = (
        "population",
        "simulator",
        "coincident",
        "first that differs",
        "KS rate",
        "KS CV",
        "KS correlation",
        "",
    )
    return header, rows


def _distance_cells(each):
    cells = []
    for name in ("rate", "CV", "correlation"):
        found = each.distances.get(name)
        if found is None:
            cells.append("-")
            continue
        mark = "" if name not in each.within else (" within" if each.within[name] else " BEYOND")
        cells.append(f"{found.ks:.3f} (d {number(found.effect, 2)}){mark}")
    cells.append("agrees" if each.agrees else "DIFFERS")
    return cells


def signal_rows(differences):
    """(header, rows) of how signals differ from the reference's."""
    rows = [
        [
            each.label,
            difference.backend,
            f"{signal.name}, {signal.units}",
            number(signal.rms),
            number(signal.largest),
            "" if signal.broken is None else f"DIFFERS: not a number from {signal.broken:.1f} ms on",
        ]
        for difference in differences
        for each in difference.populations
        for signal in each.signals
    ]
    return ("population", "simulator", "variable", "RMS", "largest", ""), rows


def projection_rows(differences):
    rows = [
        [each.label, difference.backend, ("" if each.agrees else "DIFFERS: ") + each.words]
        for difference in differences
        for each in difference.projections
    ]
    return ("projection", "simulator", "connections"), rows


def sections(comparison):
    """(title, header, rows) of all tables that have any rows."""
    everything = [
        ("Time and memory", *time_rows(comparison.outcomes)),
        ("Connections", *projection_rows(comparison.differences)),
        ("Spikes", *population_rows(comparison.good)),
        (f"Spikes, against {comparison.reference_name}", *spike_rows(comparison.differences)),
        (f"Signals, against {comparison.reference_name}", *signal_rows(comparison.differences)),
    ]
    if comparison.yardstick:
        names = ("rate", "CV", "correlation")
        rows = [
            [comparison.good[0].populations[k].label, *(number(limits.get(name)) for name in names)]
            for k, limits in sorted(comparison.yardstick.populations.items())
        ]
        title = f"The yardstick: largest KS distances between {comparison.n_seeds} seeds of " + (
            comparison.reference_name
        )
        everything.append((title, ("population", *names), rows))
    return [section for section in everything if section[2]]


def reasons(comparison):
    """(simulator, sentences) of why differences are expected, where there are any."""
    pairs = zip(comparison.good[1:], comparison.differences, strict=True)
    return [
        (other.name, expected_differences(comparison.reference, other))
        for other, found in pairs
        if not found.exact
    ]


def text(comparison):
    """All of a comparison."""
    lines = []
    for title, header, rows in sections(comparison):
        lines += [title, "", *("  " + line for line in table(header, rows)), ""]
    for outcome in comparison.outcomes:
        lines += [f"{outcome.name}: not collected: {lost}" for lost in outcome.lost]
    for name, sentences in reasons(comparison):
        if sentences:
            lines += [
                f"Differences that are expected of {name} (see {DOCS}):",
                *(f"  - {s}" for s in sentences),
                "",
            ]
    lines.append(comparison.verdict)
    return "\n".join(lines)
