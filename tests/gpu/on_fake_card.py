"""
What runs on a card, but for the kernels, on a driver without one (fake_card.py): run by test_gpu.py in a
process of its own. With FAKE_CARD_LIBRARY, the path of the library made of libcuda.c, which LD_LIBRARY_PATH
must lead to, it goes through the real cuda.bindings.
"""

import functools
import gc
import os
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from fake_card import Bindings, FakeCard, through_library
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from in_simulator import SYNAPSES, assert_equal, drawn_networks, drawn_results, shortened

import pyNN_fastsim as sim
from pyNN_fastsim.engine.compiling import interpreted
from pyNN_fastsim.engine.cuda import (
    cards,
    compile,
    driver,
    launching,
    machine_code,
    memory,
    parts,
    plan,
    run,
    simulated,
    steps,
)
from pyNN_fastsim.engine.cuda.errors import DeviceError, TooLarge

LIBRARY = os.environ.get("FAKE_CARD_LIBRARY")


def known_to_views(make):
    """Let views of kernels see what is in a Buffer, and with which type."""

    @functools.wraps(make)
    def known(self, shape, dtype):
        make(self, shape, dtype)
        array = _fake[0].memory[self.address].view(self.dtype)
        interpreted.register(array)

    return known


_fake = [None]  # the present one


@pytest.fixture(autouse=True)
def fake(monkeypatch):
    card = _fake[0] = FakeCard()
    if LIBRARY:
        through_library(card, LIBRARY)
    else:
        module = Bindings(card)
        monkeypatch.setattr(driver, "bindings", lambda: module)
        monkeypatch.setattr(cards, "_check_packages", lambda: None)
        monkeypatch.setattr(cards, "_toolkit", lambda: (12, 9))
    monkeypatch.setattr(driver, "_cards", [])
    gc.collect()
    driver._garbage.clear()  # of the card of the test before
    names = SimpleNamespace(**{**vars(simulated), "cuda": card.indices, "np": np})
    monkeypatch.setattr(compile, "_names", lambda: names)
    monkeypatch.setattr(compile, "_device_function", lambda function, forceinline: function)

    def python_code(kernel, capability):
        symbol = f"{kernel.name}_{id(kernel)}"
        card.kernels[symbol] = kernel.function
        return symbol, b"\x7fELF"

    monkeypatch.setattr(machine_code, "of", python_code)
    monkeypatch.setattr(memory.Buffer, "__init__", known_to_views(memory.Buffer.__init__))
    monkeypatch.setenv(launching.VARIABLE, "graph")
    with_small_tiles(monkeypatch)
    monkeypatch.setattr(launching, "STEPS", (5, 2, 1))
    monkeypatch.setattr(run, "CHUNK", 7)
    forget_kernels()
    yield card
    sim.setup()
    forget_kernels()


def with_small_tiles(monkeypatch):
    """Let a block have 32 threads: a fourth of the calls of Python functions."""
    for module in (steps, plan, launching):
        monkeypatch.setattr(module, "TILE", 32)
    monkeypatch.setattr(launching, "THREADS", 32)
    phases = "update", "finish", "steps"  # they know how large tiles are
    others = {key: kernel for key, kernel in compile._made.items() if not kernel.name.startswith(phases)}
    monkeypatch.setattr(compile, "_made", others)
    monkeypatch.setattr(parts, "_made", {})


def forget_kernels():
    for kernel in compile._made.values():
        for name in ("loaded", "function"):
            kernel.__dict__.pop(name, None)


@pytest.fixture(autouse=True)
def marked_functions_as_they_were(monkeypatch):
    """What functions are on a card is kept with them: here they are other ones in each test."""
    plain = compile._of_card

    def anew(thing):
        if hasattr(thing, "_of_card"):
            del thing._of_card
        return plain(thing)

    monkeypatch.setattr(compile, "_of_card", anew)


def network(**setup):
    sim.setup(timestep=0.1, rng_seed=3, **setup)
    source = sim.Population(4, sim.SpikeSourcePoisson(rate=3000.0))
    cells = sim.Population(5, sim.IF_curr_exp(i_offset=np.linspace(0.5, 3.0, 5), tau_refrac=0.3))
    delays = np.linspace(0.1, 0.9, 20).reshape(4, 5)
    sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.5, delay=delays))
    back = sim.Projection(
        cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1, delay=0.2), label="back"
    )
    sim.ACSource(amplitude=0.3, frequency=100.0).inject_into(cells[:3])
    cells.record(["spikes", "v"])
    source.record("spikes")
    return source, cells, back


def recorded(*populations):
    found = []
    for population in populations:
        for segment in population.get_data().segments:
            ids, times = segment.spiketrains.multiplexed
            found.append(sorted(zip(times.tolist(), ids.tolist(), strict=True)))
            found += [np.asarray(signal).tolist() for signal in segment.analogsignals]
    return found


def program(**setup):
    source, cells, back = network(**setup)
    sim.run(3.1)
    sim.run(0.5)
    back.set(weight=0.3)
    sim.run(0.6)
    cells[2:4].set(i_offset=0.2)
    sim.run(0.4)
    sim.reset()
    sim.run(0.8)
    return recorded(source, cells)


@pytest.mark.parametrize("backwards", [False, True])
def test_the_same_as_on_the_cpu(fake, backwards):
    fake.backwards = backwards
    expected = program(exact_sums=True)
    assert program(device="gpu") == expected
    assert sum(len(trial) for trial in expected) > 100
    assert fake.calls["cuGraphLaunch"] > 10
    assert fake.calls["cuMemcpyDtoHAsync"] > 10


def test_synapses_that_change(fake):
    def build(**setup):
        sim.setup(timestep=0.1, rng_seed=5, **setup)
        source = sim.Population(2, sim.SpikeSourceArray(spike_times=[0.2, 0.6, 0.61, 1.1, 1.7]))
        cells = sim.Population(3, sim.IF_cond_exp())
        synapse = sim.TsodyksMarkramSynapse(weight=2.0**-6, delay=np.linspace(0.1, 0.6, 6).reshape(2, 3))
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
        cells.record("v")
        sim.run(1.5)
        sim.run(1.5)
        return np.asarray(cells.get_data("v").segments[0].analogsignals[0])

    np.testing.assert_allclose(build(device="gpu"), build(exact_sums=True), 1e-9)


@pytest.mark.parametrize("fraction", [1.0, 0.0])
def test_plastic_synapses(fake, fraction):
    """Their weights and histories leave and come back, and are changed in between."""

    def build(**setup):
        source, cells, _ = network(**setup)
        rule = sim.STDPMechanism(
            sim.SpikePairRule(A_plus=0.2, A_minus=0.1),
            sim.MultiplicativeWeightDependence(w_max=0.4),
            weight=0.1,
            delay=0.4,
            dendritic_delay_fraction=fraction,
        )
        plastic = [sim.Projection(pre, cells, sim.AllToAllConnector(), rule) for pre in (source, cells)]
        found = []
        for change in (dict, lambda: plastic[0].set(weight=0.2), lambda: plastic[1].set(delay=0.2)):
            change()
            sim.run(0.9)
            found += [projection.get("weight", "list") for projection in plastic]
        return recorded(source, cells), found

    assert build(device="gpu") == build(exact_sums=True)


def test_connections_that_are_drawn_there(fake):
    def build(**setup):
        sim.setup(timestep=0.1, rng_seed=3, **setup)
        rng = sim.NativeRNG(seed=7)
        cells = sim.Population(15, sim.IF_curr_exp(i_offset=np.linspace(1.0, 4.0, 15)))
        weight = sim.RandomDistribution("normal_clipped", (0.3, 0.1, 0.0, np.inf), rng=rng)
        delay = sim.RandomDistribution("uniform", (0.1, 0.8), rng=rng)
        synapse = sim.StaticSynapse(weight=weight, delay=delay)
        connector = sim.FixedTotalNumberConnector(90, with_replacement=True, rng=rng)
        projection = sim.Projection(cells, cells, connector, synapse)
        cells.record("spikes")
        sim.run(6.0)
        return recorded(cells), sorted(projection.get(["weight", "delay"], "list"))

    assert build(device="gpu") == build(exact_sums=True)
    assert any(str(symbol).startswith("draw_targets") for symbol in fake.kernels)


def noting(*arguments):
    _done.append(arguments)  # noqa: F821


def test_blocks_that_are_on_the_card_at_once(fake):
    done = []
    kernel = compile.Kernel(noting, "noting", _done=done)
    most = kernel.most_together(1024)
    assert most == 8
    sim.setup(device="gpu")
    kernel.launch_together(most, 16, driver.LEGACY, 1, -2, 2**40, 4)
    assert done == [(1, -2, 2**40, 4)] * (8 * 16)
    with pytest.raises(driver.DriverError, match="720|TOO_LARGE"):
        kernel.launch_together(most + 1, 1024, driver.LEGACY, 1, 2, 3, 4)


def test_memory_is_given_back(fake):
    """By networks from before setup(), too, where there would be no room otherwise."""
    for number in range(4):
        network(device="gpu")
        sim.run(2.0)
        if number == 0:
            driver.collect_all()
            used = fake.n_bytes - driver.free_memory()[0]
            fake.taken = fake.n_bytes - used - cards.SPARED - 2**18
    driver.collect_all()
    assert fake.n_bytes - driver.free_memory()[0] == used + fake.taken
    assert len(fake.streams) == 3  # the legacy one, and two of the last network
    assert len([graph for graph in fake.graphs.values() if graph]) <= 3


def test_memory_that_only_a_cycle_refers_to(fake):
    fake.taken = fake.n_bytes - 1500
    kept = [driver.Memory(1000)]
    kept.append(kept)
    del kept
    assert driver.Memory(1000).address
    with pytest.raises(TooLarge):
        driver.Memory(2000)


def test_what_is_there_already_needs_no_room(fake):
    _, cells, _ = network(device="gpu")
    sim.run(1.0)
    driver.collect_all()
    needed = 8 * sim.simulator.state.network.ring.size
    fake.taken = driver.free_memory()[0] - cards.SPARED - needed // 2
    cells.set(i_offset=1.0)
    sim.run(1.0)


def test_in_another_thread():
    """A thread has no context of its own until it says so."""
    _, cells, _ = network(device="gpu")
    sim.run(1.0)
    failures = []

    def work():
        try:
            sim.run(1.0)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert not failures
    assert len(recorded(cells)[1]) == 21


def test_a_process_that_was_forked_says_why(monkeypatch):
    network(device="gpu")
    monkeypatch.setattr(driver.os, "getpid", lambda: -1)
    with pytest.raises(DeviceError, match="forked.*spawn"):
        sim.run(1.0)


# --- what can go wrong ------------------------------------------------------------------------------------


def test_a_card_that_fails_while_it_runs(fake):
    _, cells, _ = network(device="gpu")
    sim.run(2.0)
    before = recorded(cells)
    fake.fail["cuGraphLaunch"] = 2, 700
    with pytest.raises(DeviceError, match="the card failed: .*ILLEGAL_ADDRESS.*can be retrieved"):
        sim.run(3.0)
    assert recorded(cells) == before
    for _ in range(2):
        with pytest.raises(DeviceError, match="the card failed"):
            sim.run(1.0)
        with pytest.raises(DeviceError, match="the card failed"):
            cells._block.state["v"]  # never what it was before
    with pytest.raises(DeviceError, match="the card failed.*device='cpu'"):
        sim.setup(device="gpu")
    assert recorded(cells) == before
    sim.setup()
    sim.Population(1, sim.IF_curr_exp())
    sim.run(1.0)


@pytest.mark.parametrize(
    "function, number",
    [("cuEventSynchronize", 3), ("cuMemcpyDtoHAsync", 9), ("cuLaunchKernel", 12), ("cuCtxSynchronize", 1)],
)
def test_what_was_recorded_before_a_card_fails_goes_with_the_time(fake, function, number):
    def build(**setup):
        _, cells, _ = network(**setup)
        sim.run(2.0)
        return cells

    cells = build(device="gpu")
    fake.fail[function] = number, 719
    with pytest.raises(DeviceError, match="the card failed"):
        sim.run(6.0)
    until, found = sim.get_current_time(), recorded(cells)
    assert 2.0 <= until < 8.0
    cells = build(exact_sums=True)
    sim.run(until - 2.0)
    assert found == recorded(cells)


def test_a_run_that_is_broken_off_does_not_go_on():
    """Where the host has no memory for what was recorded, say, the card is ahead of it."""

    def full(*arguments):
        raise MemoryError

    def build(**setup):
        source, cells, _ = network(**setup)
        sim.run(1.0)
        if setup == {"device": "gpu"}:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(run.CardLoop, "_fetch", full)
                with pytest.raises(MemoryError):
                    sim.run(2.0)
            with pytest.raises(DeviceError, match="broken off.*reset"):
                sim.run(1.0)
        sim.reset()
        sim.run(2.0)
        return recorded(source, cells)

    assert build(device="gpu") == build(exact_sums=True)


def test_a_setup_that_fails_leaves_everything_as_it_was(fake):
    source, cells, _ = network()
    sim.run(1.0)
    before = recorded(cells)
    fake.n_devices = 0
    with pytest.raises(DeviceError, match="no NVIDIA card"):
        sim.setup(timestep=0.5, device="gpu")
    assert sim.get_time_step() == 0.1
    assert recorded(cells) == before
    sim.run(1.0)


def test_no_room_loses_nothing(fake):
    """Whichever piece of memory has none: what there is can be retrieved, and the run can go on later."""

    def build():
        source, cells, back = network(device="gpu")
        sim.run(1.3)
        back.set(weight=0.3)
        cells.set(i_offset=2.0)
        return source, cells

    populations = build()
    fake.calls.clear()
    sim.run(1.2)
    needed, expected = fake.calls["cuMemAlloc"], recorded(*populations)
    assert needed > 5
    for number in range(1, needed + 1, needed // 6):
        populations = build()
        before = recorded(*populations)
        fake.fail["cuMemAlloc"] = number, 2
        with pytest.raises(TooLarge, match="no room for .* MB more: .* GB are free"):
            sim.run(1.2)
        assert recorded(*populations) == before
        fake.fail.clear()
        sim.run(1.2)
        assert recorded(*populations) == expected


def test_a_card_that_others_fill(fake):
    source, cells, _ = network(device="gpu")
    fake.taken = fake.n_bytes - 2**20
    with pytest.raises(TooLarge, match="the network needs .* of which 0.00 of 1.07 GB are free"):
        sim.run(1.0)
    fake.taken = 0
    sim.run(1.0)


def test_auto_takes_the_cpu_for_what_has_no_room(fake, monkeypatch, capsys):
    monkeypatch.setattr("pyNN_fastsim.devices.WORTHWHILE", 1)
    for taken, where in ((0, "the GPU (Fake card)"), (fake.n_bytes - 2**20, "the CPU: the network needs ")):
        fake.taken = taken
        _, cells, _ = network(device="auto")
        sim.run(1.0)
        assert f"device='auto' takes {where}" in capsys.readouterr().err


FAULTS = {
    "no card": ({"n_devices": 0}, {}, "no NVIDIA card that this process can see"),
    "a driver that doesn't start": (
        {},
        {"cuInit": 803},
        "driver of the NVIDIA card can't be used.*803|MISMATCH",
    ),
    "a driver that is not awake": ({}, {"cuInit": 999}, "can't be used: the card's driver says.*UNKNOWN|999"),
    "an old driver": ({"version": 11040}, {}, "knows CUDA up to 11.4.*toolkit.*12.9"),
    "an old card": ({"capability": (5, 2)}, {}, "Fake card is too old: .* 5.2, and at least 6.0"),
    "no room for a context": ({}, {"cuDevicePrimaryCtxRetain": 2}, "no room in its memory"),
    "another process has it": ({"mode": 3}, {"cuDevicePrimaryCtxRetain": 46}, "another process has it"),
    "prohibited": ({"mode": 2}, {"cuDevicePrimaryCtxRetain": 101}, "'prohibited'"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_setup_says_of_cards(fake, name, monkeypatch):
    facts, failing, message = FAULTS[name]
    vars(fake).update(facts)
    fake.fail.update({function: (1, code) for function, code in failing.items()})
    with pytest.raises(DeviceError, match=message) as caught:
        sim.setup(device="gpu")
    assert "device='cpu'" in str(caught.value)
    assert len(str(caught.value)) < 400
    assert "none can be used" in cards.describe()[0]
    fake.fail.clear()
    vars(fake).update(FakeCard().__dict__ | {"memory": fake.memory, "kernels": fake.kernels})
    driver._cards.clear()
    sim.setup(device="gpu")  # once it is there


def test_variables_that_hide_cards_are_named(fake, monkeypatch):
    fake.n_devices = 0
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(DeviceError, match=r"can see \(CUDA_VISIBLE_DEVICES is ''\)"):
        sim.setup(device="gpu")


def test_what_info_says(fake):
    fake.n_devices, fake.taken = 2, 2**29
    first, second = cards.describe()
    assert first == "Fake card, compute capability 9.0, 0.5 of 1.1 GB free, driver for CUDA 12.8"
    assert second.startswith("Fake card, compute capability 9.0, 1.1 GB, not used")


def test_compiling_ahead_passes_over_what_a_card_does_not_have(fake, monkeypatch):
    from pyNN_fastsim import warmup

    monkeypatch.setenv("PYNN_FASTSIM_DEVICE", "gpu")
    warmup.warm_up(["IF_curr_exp", "SpikeSourcePoisson"], show=False)
    names = {name.rpartition("_")[0] for name in fake.kernels if isinstance(name, str)}
    assert {"update_iaf_psc_exp_neuron", "finish", "begin"} <= names
    monkeypatch.setattr(warmup, "list_standard_models", list)
    monkeypatch.setattr(warmup, "_connectors", lambda name: None)
    monkeypatch.setattr(warmup.synapses, "__all__", ["ElectricalSynapse"])
    monkeypatch.setattr(warmup.electrodes, "__all__", [])
    warmup.warm_up(show=False)


def short_program(**setup):
    source, cells, back = network(**setup)
    sim.run(0.5)
    back.set(weight=0.3)
    sim.run(0.4)
    return recorded(source, cells)


def test_one_kernel_for_all_steps(fake, monkeypatch):
    expected = short_program(exact_sums=True)
    fake.n_multiprocessors = 2  # of 128 threads each
    monkeypatch.setenv(launching.VARIABLE, "persistent")
    assert short_program(device="gpu") == expected
    assert fake.calls["cuLaunchCooperativeKernel"] == 2
    assert {symbol for symbol in fake.kernels if str(symbol).startswith("update")} == set()


@pytest.mark.parametrize("reason", ["refused", "registers", "too old"])
def test_where_blocks_cannot_wait_for_each_other_steps_are_launched(fake, monkeypatch, reason):
    expected = short_program(exact_sums=True)
    fake.n_multiprocessors = 2
    monkeypatch.setenv(launching.VARIABLE, "persistent")
    fake.fail.update({"refused": {"cuLaunchCooperativeKernel": (2, 720)}}.get(reason, {}))
    if reason == "registers":
        monkeypatch.setattr(FakeCard, "cuOccupancyMaxActiveBlocksPerMultiprocessor", lambda *_: 0)
    elif reason == "too old":
        fake.capability = 6, 0
    with pytest.warns(UserWarning, match="runs will be slower") if reason != "too old" else nullcontext():
        assert short_program(device="gpu") == expected
    assert fake.calls.get("cuLaunchCooperativeKernel", 0) == (2 if reason == "refused" else 0)


def test_no_graphs(fake):
    """A driver that can't capture launches runs all the same, and says that it is slower."""
    expected = program(exact_sums=True)
    fake.fail["cuStreamBeginCapture"] = 1, 801
    with pytest.warns(UserWarning, match="no CUDA graph can be made"):
        assert program(device="gpu") == expected


@settings(
    max_examples=int(os.environ.get("FAKE_CARD_NETWORKS", "3")), deadline=None, derandomize=True,
    database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(drawn_networks.networks(synapses=SYNAPSES, large=False), st.integers(3, 40), st.booleans())
def test_drawn_networks(fake, spec, chunk, backwards):
    spec = shortened(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "CHUNK", chunk)
        fake.backwards = backwards
        found = drawn_results(spec, "gpu")
    changing = any(c.synapse[0] != "StaticSynapse" for c in spec.connections)
    assert_equal(found, drawn_results(spec, "cpu"), exactly=not changing)
