"""
One PyNN script on several simulators, each in a process of its own, and what differs: `fastsim compare`.

    observer.py     runs in each of these processes: the script, and all that its populations recorded
    processes.py    starts them, and waits for them
    outcome.py      what one of them left behind
    measures.py     of the spikes of a population: rates, irregularity, correlation
    differences.py  between two outcomes: connections, spikes, signals, distributions
    expected.py     which differences between two simulators are known, and why
    report.py       all of it as text
    page.py         as an HTML page
    figure.py       as a figure
    command.py      the command line
"""
