"""
Connections as functions of counters (synapses/segments.py): against the definition in plain Python, and what
is to be expected of random ones.
"""

import numpy as np
import pytest
from scipy import stats

from pyNN_fastsim.engine.compiling.addresses import address_of
from pyNN_fastsim.engine.random import quantiles, rng
from pyNN_fastsim.engine.synapses import segments
from pyNN_fastsim.engine.synapses.drawn import Binomial, Drawn, Pattern, edges_of_pieces

KEYS = (0x12345678, 0x9ABCDEF0)
NORMAL = (0.0, 1.0, 0.0, 1.0, -np.inf, np.inf)


def words(number, source, piece, purpose=segments.PAIRS, keys=KEYS):
    return rng.philox(*(np.uint64(word) for word in (number, source, piece, purpose, *keys)))


def plain_segment(pattern, piece, source, n):
    """The targets of a source in a piece: the first ones that come."""
    begin, width = int(pattern.edges[piece]), pattern.width(piece)
    own = source - begin
    excludes = pattern.excludes_itself and 0 <= own < width
    width -= excludes
    rest = n % width if pattern.is_distinct else n
    chosen, number = [], 0
    while len(chosen) < rest:
        for word in words(number, source, piece):
            value = int(word) * width >> 32
            if len(chosen) < rest and not (pattern.is_distinct and value in chosen):
                chosen.append(value)
        number += 1
    chosen += list(range(width)) * ((n - rest) // width)
    return [value + (excludes and value >= own) + begin for value in sorted(chosen)]


def drawn_targets(pattern, piece, counts):
    counts = np.asarray(counts, dtype=np.uint32)
    places = np.cumsum(counts, dtype=np.int64) - counts
    targets = np.full(int(counts.sum()), 2**32 - 1, dtype=np.uint32)
    pattern.put_targets(piece, counts, places, targets)
    return np.split(targets.astype(int), places[1:])


@pytest.mark.parametrize("is_distinct", [True, False])
@pytest.mark.parametrize("excludes_itself", [True, False])
@pytest.mark.parametrize("edges", [(0, 30, 100), (0, 3, 1000), (2, 40_000, 80_000)])
def test_targets_are_those_of_the_definition(is_distinct, excludes_itself, edges):
    """With marks and without, of rows that are longer than there are targets, too."""
    pattern = Pattern(np.array(edges), 70, is_distinct, excludes_itself, KEYS)
    for piece in (0, 1):
        counts = np.arange(70) * (np.arange(70) % 3) + (np.arange(70) % 7 == 1)
        counts = np.minimum(counts, 4 * pattern.width(piece))
        rows = drawn_targets(pattern, piece, counts)
        for source, row in enumerate(rows):
            assert list(row) == plain_segment(pattern, piece, source, counts[source])


@pytest.mark.parametrize("is_distinct", [True, False])
def test_without_room_for_marks(is_distinct):
    pattern = Pattern(np.array([0, 12, 50]), 300, is_distinct, True, KEYS)
    counts = np.arange(300, dtype=np.uint32) % 70
    places = np.cumsum(counts, dtype=np.int64) - counts
    targets = np.zeros(int(counts.sum()), dtype=np.uint32)
    row = pattern.row(1, counts)
    row[segments.PLACES], row[segments.VALUES] = address_of(places), address_of(targets)
    segments.draw_targets(address_of(row), 0, 300, 0)
    expected = drawn_targets(pattern, 1, counts)
    np.testing.assert_array_equal(targets, np.concatenate(expected))
    for source in range(0, 300, 23):
        assert list(expected[source]) == plain_segment(pattern, 1, source, int(counts[source]))


def test_delays_of_connections_of_a_pair_ascend():
    pattern = Pattern(np.array([0, 4]), 3, False)
    counts, places = np.array([6, 0, 5], dtype=np.uint32), np.array([0, 6, 6])
    targets = np.array([0, 0, 0, 1, 3, 3, 3, 3, 3, 3, 3], dtype=np.uint32)
    steps = np.array([5, 7, 4, 1, 9, 3, 8, 2, 2, 9, 1], dtype=np.uint16)
    pattern.order_delays(0, counts, places, targets, steps)
    assert list(steps) == [4, 5, 7, 1, 3, 9, 1, 2, 2, 8, 9]


def test_sources_choose_as_the_definition_says():
    """Of the targets of a piece, with their sources in any order."""
    counts = np.array([5, 0, 19, 20, 45])
    for is_distinct in (True, False):
        pattern = Pattern(np.array([10, 15]), 20, is_distinct, keys=KEYS, by_columns=True)
        per_source, targets = pattern.turned_columns(0, counts)
        found = sorted(zip(np.repeat(np.arange(20), per_source), targets, strict=True))
        columns = Pattern(np.array([0, 20]), 99, is_distinct, keys=KEYS)
        expected = [
            (source, k) for k, n in enumerate(counts) for source in plain_segment(columns, 0, 10 + k, int(n))
        ]
        assert found == sorted(expected)


def test_counts_of_a_total_number():
    pattern = Pattern(np.array([0, 7, 20]), 20, False, True, KEYS)
    counts = np.zeros(20, dtype=int)
    for number in range(200):
        for tried in range(50):
            first, second, *_ = words(number, tried, 1, segments.COUNTING)
            source = int(first) * 20 >> 32
            if source < 7 or int(second) * 13 >> 32:
                break
        counts[source] += 1
    np.testing.assert_array_equal(pattern.counts_of_total(1, 200), counts)
    # Pairs of the same cell are left out: the sources 7 to 19 have one target less in this piece.
    n = 260_000
    found = pattern.counts_of_total(1, n)
    expected = n * pattern.possible(1) / pattern.possible(1).sum()
    assert found.sum() == n and 1e-3 < stats.chisquare(found, expected).pvalue < 1 - 1e-3


def test_counts_have_nothing_to_do_with_each_other():
    pattern = Pattern(np.array([0, 50, 100]), 20_000, keys=KEYS)
    counts, others = (pattern.counts_of_probability(piece, 0.3).astype(float) for piece in (0, 1))
    for one, other in ((counts[1:], counts[:-1]), (counts[2:], counts[:-2]), (counts, others)):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(len(one))


def test_cells_that_are_not_connected_to_themselves_have_fewer_connections():
    pattern = Pattern(np.array([0, 5, 60]), 60, excludes_itself=True, keys=KEYS)
    for piece in (0, 1):
        np.testing.assert_array_equal(pattern.counts_of_probability(piece, 1.0), pattern.possible(piece))
    assert pattern.possible(0).tolist() == [4] * 5 + [5] * 55


@pytest.mark.parametrize("n, p", [(40, 0.5), (1000, 0.001), (700, 0.1), (9, 0.97), (5, 0.0), (5, 1.0)])
def test_counts_are_binomial(n, p):
    pattern = Pattern(np.array([0, n]), 50_000, keys=KEYS)
    counts = pattern.counts_of_probability(0, p)
    assert counts.max() <= n
    table = np.bincount(counts, minlength=n + 1)
    expected = len(counts) * stats.binom.pmf(np.arange(n + 1), n, p)
    some = expected > 5
    assert table[~some].sum() <= expected[~some].sum() + 5 * np.sqrt(expected[~some].sum()) + 1
    together = [*table[some], table[~some].sum()], [*expected[some], expected[~some].sum()]
    if some.sum() > 1:
        assert stats.chisquare(*together, sum_check=False).pvalue > 1e-3


def test_the_binomial_table_is_that_of_scipy():
    table = Binomial(1000, 0.05)
    expected = stats.binom.cdf(table.words[3] + np.arange(table.words[1]), 1000, 0.05)
    np.testing.assert_allclose(table._cumulative, expected, rtol=0, atol=1e-12)


def test_rows_have_nothing_to_do_with_each_other():
    """Neither rows of neighbouring sources, nor of neighbouring pieces, nor of other keys."""
    n, width, sources = 30, 120, 3000
    pattern = Pattern(np.array([0, width, 2 * width]), sources, keys=KEYS)
    others = Pattern(pattern.edges, sources, keys=(KEYS[0] + 1, KEYS[1]))
    rows, next_piece, other_key = (
        np.array(drawn_targets(which, piece, np.full(sources, n))) - width * piece
        for which, piece in ((pattern, 0), (pattern, 1), (others, 0))
    )
    chosen = np.zeros((3, sources, width), dtype=bool)
    for table, found in zip(chosen, (rows, next_piece, other_key), strict=True):
        np.put_along_axis(table, found, True, axis=1)
    expected = n * n / width  # of two rows' targets that are the same, and their variance, hypergeometric
    deviation = np.sqrt(expected * (1 - n / width) ** 2 * width / (width - 1) / sources)
    for one, other in (
        (chosen[0, 1:], chosen[0, :-1]),
        (chosen[0, 4:], chosen[0, :-4]),
        (chosen[0], chosen[1]),
        (chosen[0], chosen[2]),
    ):
        assert abs((one & other).sum(axis=1).mean() - expected) < 4 * deviation
    frequencies = chosen[0].sum(axis=0)
    statistic = np.sum((frequencies - sources * n / width) ** 2) / (sources * n / width * (1 - n / width))
    assert 1e-3 < stats.chi2(width - 1).cdf(statistic) < 1 - 1e-3
    neighbours = (chosen[0, :, 1:] & chosen[0, :, :-1]).sum()
    assert abs(neighbours / (sources * n * (n - 1) / width) - 1) < 4 / np.sqrt(sources * n * n / width)


# --- values -------------------------------------------------------------------------------------------------


def plain_values(quantile, parameters, source, piece, n):
    values = []
    for number in range((n + 1) // 2):
        a, b, c, d = words(number, source, piece, segments.VALUE)
        values += [
            quantile(quantiles.centred(int(high), int(low)), *parameters) for high, low in ((a, b), (c, d))
        ]
    return values[:n]


@pytest.mark.parametrize("distribution", segments.QUANTILES)
def test_weights_and_delays_are_those_of_the_definition(distribution):
    parameters = (1.0, 0.5, 0.0, 1.0, 0.2, 1.8)
    pattern = Pattern(np.array([0, 10, 50]), 12)
    counts = np.array([0, 1, 2, 3, 8, 17, 0, 30, 5, 4, 16, 9], dtype=np.uint32)
    places = np.cumsum(counts, dtype=np.int64) - counts
    drawn = Drawn(distribution, parameters, KEYS)
    weights, steps = np.zeros(counts.sum()), np.zeros(counts.sum(), dtype=np.uint16)
    drawn.put_weights(pattern, 1, counts, places, weights)
    extremes = drawn.put_delays(pattern, 1, counts, places, steps, 0.1)
    expected = [
        value
        for source, n in enumerate(counts)
        for value in plain_values(segments.QUANTILES[distribution], parameters, source, 1, int(n))
    ]
    np.testing.assert_array_equal(weights, expected)
    np.testing.assert_array_equal(steps, np.maximum(np.rint(weights / 0.1), 1))
    assert tuple(extremes) == (weights.min(), weights.max())


def test_uniform_numbers_are_neither_0_nor_1():
    ends = [float(quantiles.centred(0, 0)), float(quantiles.centred(2**32 - 1, 2**32 - 1))]
    assert ends == [2.0**-53, 1 - 2.0**-53]
    assert float(quantiles.centred(2**31, 0)) == 0.5 + 2.0**-53


def test_quantiles_are_those_of_scipy():
    u = np.concatenate(
        [np.linspace(0, 1, 2002)[1:-1], 10.0 ** -np.linspace(1, 300, 300), 1 - 2.0**-53 * np.arange(1, 9)]
    )
    for name, parameters, expected in (
        ("uniform", (2.0, 3.0, 0, 0, 0, 0), stats.uniform(2.0, 3.0)),
        ("normal", (2.0, 3.0, 0.0, 1.0, -np.inf, np.inf), stats.norm(2.0, 3.0)),
        ("exponential", (3.0, 0, 0, 0, 0, 0), stats.expon(scale=3.0)),
        ("lognormal", (0.5, 0.25, 0, 0, 0, 0), stats.lognorm(0.25, scale=np.exp(0.5))),
    ):
        quantile = segments.QUANTILES[name]
        found = np.array([quantile(x, *map(float, parameters)) for x in u])
        expected = expected.isf(u) if name == "exponential" else expected.ppf(u)
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("low, high", [(-1.0, 2.0), (0.5, np.inf), (4.0, 5.0), (-9.0, -7.0), (-np.inf, 0.1)])
def test_clipped_normal_numbers(low, high):
    u = np.linspace(0, 1, 2002)[1:-1]
    of_normal = segments.QUANTILES["normal"]
    parameters = quantiles.clipped(0.25, 2.0, low, high)
    found = np.sort([of_normal(x, *parameters) for x in u])
    a, b = (low - 0.25) / 2.0, (high - 0.25) / 2.0
    np.testing.assert_allclose(found, stats.truncnorm(a, b, 0.25, 2.0).ppf(u), rtol=1e-9, atol=1e-9)
    assert found[0] >= low and found[-1] <= high


def test_values_have_nothing_to_do_with_each_other():
    sources, n = 2000, 40
    pattern = Pattern(np.array([0, 50, 100]), sources)
    counts, places = np.full(sources, n, np.uint32), n * np.arange(sources)
    tables = []
    for piece, keys in ((0, KEYS), (1, KEYS), (0, (KEYS[0], KEYS[1] + 1))):
        weights = np.zeros(sources * n)
        Drawn("normal", NORMAL, keys).put_weights(pattern, piece, counts, places, weights)
        tables.append(weights.reshape(sources, n))
    values = tables[0]
    assert stats.kstest(values.ravel(), stats.norm.cdf).pvalue > 1e-3
    assert 0 < len(np.unique(values)) == values.size
    for one, other in (
        (values[:, 1:], values[:, :-1]),
        (values[:, 2:], values[:, :-2]),
        (values[1:], values[:-1]),
        (values, tables[1]),
        (values, tables[2]),
    ):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 4 / np.sqrt(one.size)
        assert abs(np.corrcoef(one.ravel() ** 2, other.ravel() ** 2)[0, 1]) < 4 / np.sqrt(one.size)


def test_pieces():
    for n_sources, n_targets, n in (
        (1000, 20_000, 4_000_000),
        (1, 60_000, 54_000),
        (10, 20, 100),
        (5, 90, 10**6),
    ):
        edges = edges_of_pieces(n_sources, n_targets, n)
        assert edges[0] == 0 and edges[-1] == n_targets and np.ptp(np.diff(edges)) <= 1
        in_piece = n / n_sources / (len(edges) - 1)
        assert in_piece <= 64 or np.diff(edges).min() < 16
        assert len(edges) == 2 or in_piece > 32 or len(edges) == 13
        assert n < 2**16 or n_targets < 96 or (len(edges) - 1) % 12 == 0
