"""
Every public call with wrong types, sizes and ranges, with NaN, infinities, huge and empty values.

What must come is a documented exception that names the argument, or a result; never an error from inside,
a hang, or the machine's memory gone. What can't mean anything must not be accepted. Afterwards the
simulator still works. The calls stand in `fuzzed_calls.py`; ``--hypothesis-profile=deep`` makes thousands.
"""

import contextlib
import faulthandler
import functools
import inspect
import os
import re
import signal
import traceback
import warnings

import numpy as np
import pytest
from fuzzed_calls import CALLS, NOT_CALLED, ODD, Net, is_sequence, parameter_calls
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyNN import errors

import pyNN_fastsim as sim

DOCUMENTED = (
    errors.ConnectionError, errors.InvalidModelError, errors.NoModelAvailableError, errors.RecordingError,
    ValueError, TypeError, IndexError, KeyError, NotImplementedError, MemoryError, OSError,
)  # fmt: skip
pytestmark = pytest.mark.big
SECONDS = 20  # after which a call hangs
MEMORY = 2 * 2**30  # bytes that a call may take
CALLS.update(parameter_calls())


class Hang(BaseException):
    """A call took too long."""


@contextlib.contextmanager
def guarded():
    """Limits of memory and time; where the operating system doesn't have them, without."""
    resource = pytest.importorskip("resource") if os.name == "posix" else None
    if resource is None:
        yield
        return

    def hang(*args):
        raise Hang

    limits = resource.getrlimit(resource.RLIMIT_AS)
    handler = signal.signal(signal.SIGALRM, hang)
    faulthandler.dump_traceback_later(3 * SECONDS, exit=True)
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + MEMORY, limits[1]))
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_AS, limits)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, handler)


def address_space():
    """Bytes of address space that this process has."""
    psutil = pytest.importorskip("psutil")
    return psutil.Process().memory_info().vms


def value_of(good, net):
    return good(net) if inspect.isfunction(good) else good


def drawn_arguments(data, net, call):
    """Arguments by name, about one of them odd; and (argument, name of the value) of the odd ones."""
    arguments, seen = {}, []
    names = list(call.kinds)
    odd = data.draw(st.sampled_from(names), label="odd argument") if names else None
    for name in names:
        kind = call.kinds[name]
        if name == odd or data.draw(st.integers(0, 9)) == 9:
            which = data.draw(st.sampled_from(sorted(ODD)), label=name)
            arguments[name] = ODD[which][0]()
            seen.append((name, which))
        else:
            arguments[name] = value_of(data.draw(kind.good, label=name), net)
    return arguments, seen


def make(call, net, arguments):
    """Make a call, and go on; returns the exception, or None. RuntimeWarnings are errors from inside."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", RuntimeWarning)
        try:
            call.function(net, **arguments)
        except DOCUMENTED as error:
            return error
        # Gap junctions that are too strong are known when the network is whole.
        with contextlib.suppress(FloatingPointError, errors.InvalidParameterValueError):
            sim.run(2.0)
        for population in sim.simulator.state.populations:
            population.get_data()
    return None


def check(name, net, arguments, odd):
    """Make a call; `odd` are (argument, name of the value) of those that are odd.

    If it is one only, it is known what has to come: see `Kind`.
    """
    call = CALLS[name]
    with guarded():
        error = make(call, net, arguments)
    if len(odd) != 1:
        return
    ((argument, value),) = odd
    if error is None:
        assert call.kinds[argument].may_accept(value), f"{name}: accepted {odd}"
    elif not is_clear_anyway(error, call.kinds[argument]):
        what = f"{name}, for {odd}: {type(error).__name__}: {error}"
        assert re.search("|".join(call.words(argument)), str(error)), f"not named: {what}"
        assert is_deliberate(error), f"from inside: {what}"


def is_clear_anyway(error, kind):
    """Whether a message needs no name: about a file, or memory, or an argument that takes anything."""
    about_a_file = isinstance(error, OSError) and error.filename is not None
    return about_a_file or isinstance(error, MemoryError) or kind.is_free


def is_deliberate(error):
    """Whether an exception was raised on purpose by this package or PyNN, not by what they call."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return "pyNN" in last.filename.replace("pyNN_fastsim/tests", "") and "raise" in (last.line or "")


EXPECTED = None


def check_usable():
    """A small network still builds, runs, and gives what it gave before."""
    net = Net()
    sim.run(20.0)
    segment = net.cells.get_data().segments[0]
    found = [np.asarray(train).tolist() for train in segment.spiketrains]
    (v,) = segment.analogsignals
    found.append(np.asarray(v).tolist())
    global EXPECTED
    EXPECTED = EXPECTED or found
    assert found == EXPECTED


@functools.cache
def warm_up(celltype):
    """Compile what a cell type needs before memory is limited: LLVM ends the process when it runs out."""
    sim.setup(timestep=0.1)
    model = getattr(sim, celltype)
    sim.Population(2, model())
    name, value = next(iter(model.default_parameters.items()))
    if not is_sequence(value):
        sim.Population(2, model(**{name: [value, 1.1 * value]}))
    sim.run(0.2)


@functools.cache
def warm_up_call(name):
    """Compile what a call needs, with other values for each cell as well where there can be any."""
    for choice in range(3):
        net = Net()
        arguments = good_arguments(CALLS[name], net, choice)
        make(CALLS[name], net, arguments)
    for parameter, value in arguments.items():
        if "(" in name and isinstance(value, float):
            make(CALLS[name], Net(), {parameter: [value, value, 1.1 * value]})


def good_arguments(call, net, choice):
    """Arguments by name, each the good value number `choice`, counted round."""
    return {
        argument: value_of(kind.good.elements[choice % len(kind.good.elements)], net)
        for argument, kind in call.kinds.items()
    }


@pytest.fixture(autouse=True)
def warmed_up(request):
    """What the network has, and what the call is about."""
    name = request.node.callspec.params["name"] if hasattr(request.node, "callspec") else None
    about = name.split("(")[0] if name else ""
    models = [each for each in sim.list_standard_models() if getattr(sim, each).default_parameters]
    for celltype in models:
        if celltype in (about, "IF_curr_exp", "IF_cond_exp", "SpikeSourceArray", "SpikeSourcePoisson"):
            warm_up(celltype)
    if name and about not in models:
        warm_up_call(name)
    check_usable()


@pytest.fixture(autouse=True, scope="module")
def elsewhere(tmp_path_factory):
    """Files are written into a folder of their own."""
    before = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("fuzz"))
    yield
    os.chdir(before)


def public_names():
    """What a user can call: functions and classes of this package, and the methods of its main classes."""
    for name in sim.__all__:
        if getattr(getattr(sim, name), "__module__", "").startswith("pyNN_fastsim"):
            yield name
    for group, cls in (
        ("cells", sim.Population),
        ("view", sim.PopulationView),
        ("assembly", sim.Assembly),
        ("Projection", sim.Projection),
    ):
        for name in dir(cls):
            if not name.startswith("_") and callable(getattr(cls, name)):
                yield f"{group}.{name}"


def test_nothing_is_left_out():
    known = {call.split("(")[0] for call in CALLS} | set(NOT_CALLED)
    left_out = [
        name
        for name in public_names()
        if name not in known and not ("." in name and name.split(".")[1] in NOT_CALLED)
    ]
    assert left_out == []


def test_a_range_is_one_sequence_of_whatever_length():
    with guarded(), pytest.raises(MemoryError, match="tau_gamma"):
        sim.GIF_cond_exp(tau_gamma=range(10**12))


@pytest.mark.parametrize("name", CALLS)
def test_good_values_are_accepted(name):
    """So that a call of the table does what it is there for."""
    for choice in range(3):
        net = Net()
        error = make(CALLS[name], net, good_arguments(CALLS[name], net, choice))
        if error is not None:
            raise error


@settings(
    max_examples=max(settings().max_examples // 4, 7),
    suppress_health_check=list(HealthCheck),
    deadline=None,
)
@pytest.mark.parametrize("name", CALLS)
@given(data=st.data())
def test_odd_values_are_refused_or_do_no_harm(name, data):
    net = Net()
    check(name, net, *drawn_arguments(data, net, CALLS[name]))
    check_usable()


@pytest.mark.deep
@pytest.mark.parametrize("name", CALLS)
def test_every_odd_value_of_every_argument(name):
    call = CALLS[name]
    for argument in call.kinds:
        for value in ODD:
            net = Net()
            arguments = {**good_arguments(call, net, 0), argument: ODD[value][0]()}
            check(name, net, arguments, [(argument, value)])
        check_usable()
