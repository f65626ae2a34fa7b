"""
The run loop for a GPU: the same blocks, groups, currents and samplers as `loop.py` runs on the CPU.

Nothing here is imported unless a network is to run on a card. What a model is, is written once: the scalar
functions of `neurons/`, `sources/` and `synapses/` are compiled for the card as they are.

    network.py of the engine
        run.py          pieces of a run: launches, what comes back, what stops
        plan.py         what a network consists of, in tables in the card's memory
        functions       of one cell: cells.py, of one warp's work for a spike: delivery.py; the words of their
                        tables: words.py
        kernels         of a phase of a step: steps.py, of many steps: persistent.py; both made of parts.py
        plasticity.py   kernels of plastic synapses; what these have on the card: histories.py, lists.py
        building.py     connections that are drawn on the card
        launching.py    which of these are launched, and how; graphs.py: many launches at once
        memory.py       arrays in the card's memory, and state that is there until somebody asks for it
        cards.py        which cards there are, and what is wrong with them
        compile.py      functions of the engine as the card's; what they call: on_card.py, simulated.py
        simulated_grid.py  blocks that wait for each other, in Python
"""
