"""
A spiking network simulator on flat arrays. It has never heard of PyNN, Neo or quantities.

Units throughout: ms, mV, nA, nF, uS, Hz. Time is an integer count of steps of ``dt``.

    network.py      what a simulation consists of, and the Python side of running it
    block.py        cells of one model
    preparation.py  what there is, written down in tables
    tables.py       what these look like
    loop.py         the compiled run loop, with the order of events within a step
    profile.py      where the time of a run goes
    signals.py      Ctrl-C at a moment when it can do no harm
    neurons/        one file per neuron family; how a model becomes a kernel, adaptive steps
    sources/        spike sources and injected currents
    synapses/       connectivity, delivery, short-term plasticity, STDP, gap junctions
    random/         random numbers
    recording/      spikes and samples, in memory or in files
    compiling/      marks, Numba, the cache of machine code, addresses, what compiled code can use
"""
