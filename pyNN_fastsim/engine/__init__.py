"""
A spiking network simulator on flat arrays. It has never heard of PyNN, Neo or quantities.

Units throughout: ms, mV, nA, nF, uS, Hz. Time is an integer count of steps of ``dt``.

    network.py    what a simulation consists of, and the Python side of running it
    loop.py       the compiled run loop, with the order of events within a step
    kernel.py     how a model is declared and made into a compiled kernel
    adaptive.py   what it has if its neurons need smaller steps at times
    models/       one file per neuron family or spike source
    synapses.py   connectivity storage, sorting and delivery
    currents.py   currents injected into neurons
    records.py    growing arrays for spikes and samples
    rng.py        counter-based random streams
    gamma.py      the hazard of gamma distributed intervals
    fastmath.py   functions that the vectoriser understands
    compile.py    compilation options and the cache of compiled code
    lowlevel.py   addresses, atomics and function pointers
    addresses.py  addresses of arrays for tables
    interpreted.py  what runs instead without the compiler, for tests
"""
