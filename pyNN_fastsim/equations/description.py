"""
What a model from equations consists of, whatever language it was written in.

A front end (strings.py, nestml.py) reads a text and writes a `Neuron` or a `Synapse`; from these everything
else follows (solvers.py, code.py, cells.py, synapses.py). Everything here is plain data.

Expressions are texts in Python's syntax: numbers, names, + - * / ** %, comparisons, and, or, not,
``a if condition else b``, and calls of the functions in `expressions.FUNCTIONS`, of the model's own
functions, and of `uniform()` (in (0, 1]) and `normal()` (mean 0, variance 1), where each place in the text
draws a number of its own. They know the names of parameters, internals, variables and inlines, and

    dt       the time step, ms
    t        the time, ms, at the beginning of the step (neurons), or of the event (synapses)

and in neurons the names of what receptors receive and of the injected current; in synapses `elapsed` (ms),
the time since the event before (only in `between`), and `pre.name` and `post.name`, parameters and variables
of the cells. Truth values are numbers, too: 1.0 and 0.0. Names may be anything that Python takes for one, and
its keywords; those that begin with "_" are the model's own, not shown to users.

Units are the engine's (ms, mV, nA, nF, uS) or whatever the model says: a front end converts what goes in and
out (arrived weights, injected currents) with factors in its expressions.

Every part has the line of the text that it came from, and errors name it: see `wrong`.
"""

from dataclasses import dataclass, field

from pyNN import errors


@dataclass(frozen=True)
class Parameter:
    """A number that users set. `value` is its default.

    locality   "local" (one for each cell or synapse), "semiglobal" (one for each target cell) or "global"
    type       "float", "int" or "bool"
    """

    name: str
    value: float
    unit: str = ""
    locality: str = "local"
    type: str = "float"
    line: int = 0


@dataclass(frozen=True)
class Internal:
    """What follows from parameters, `dt` and internals before it, computed once before a run."""

    name: str
    expression: str
    type: str = "float"
    line: int = 0


@dataclass(frozen=True)
class Inline:
    """A name for an expression, wherever it is used: computed afresh at every place, in every stage of a
    solver. May use inlines before it."""

    name: str
    expression: str
    line: int = 0


@dataclass(frozen=True)
class Past:
    """A name for what a variable was so many ms before the step begins: `delay` is an expression in
    parameters and internals, rounded to steps. Before the beginning everything was 0. Neurons only."""

    name: str
    variable: str
    delay: str
    line: int = 0


@dataclass(frozen=True)
class Variable:
    """What changes. `initial` is an expression in parameters and internals, computed with the defaults.

    lower, upper   expressions: after every change the value is kept within them; or None
    recordable     whether users may record it (and set its initial value, unless its name begins with "_")
    """

    name: str
    initial: str = "0.0"
    unit: str = ""
    lower: str | None = None
    upper: str | None = None
    type: str = "float"
    locality: str = "local"
    recordable: bool = True
    line: int = 0


@dataclass(frozen=True)
class Equation:
    """d variable / dt = expression (per ms). At most one for each variable.

    method   what solves it, one of `solvers.METHODS`, or None: whatever fits
    """

    variable: str
    expression: str
    method: str | None = None
    line: int = 0


@dataclass(frozen=True)
class Function:
    """A function of the model's own: statements that end in a `Return` on every way."""

    name: str
    arguments: tuple[str, ...]
    body: tuple
    line: int = 0


# --- statements -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Assign:
    """Variable, or a name that is known from here to the end of the list, = expression."""

    target: str
    expression: str
    line: int = 0


@dataclass(frozen=True)
class If:
    """`branches` are pairs of a condition and a tuple of statements; the first that holds is done."""

    branches: tuple[tuple[str, tuple], ...]
    otherwise: tuple = ()
    line: int = 0


@dataclass(frozen=True)
class While:
    condition: str
    body: tuple
    line: int = 0


@dataclass(frozen=True)
class For:
    """`name` = start, start + step, ... below (step < 0: above) stop."""

    name: str
    start: str
    stop: str
    step: str
    body: tuple
    line: int = 0


@dataclass(frozen=True)
class Integrate:
    """Solve the equations of these variables over the step, all others held; None stands for all. In a
    synapse's `between`: over the time that has elapsed."""

    variables: tuple[str, ...] | None = None
    line: int = 0


@dataclass(frozen=True)
class Spike:
    """A neuron spikes."""

    line: int = 0


@dataclass(frozen=True)
class Deliver:
    """A synapse (in `on_pre`) adds a number to what its target receives."""

    expression: str
    line: int = 0


@dataclass(frozen=True)
class Return:
    """Of a function."""

    expression: str
    line: int = 0


# --- models -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Receptor:
    """Where synapses end. `name` is what PyNN calls receptor_type; `arrived` the name, in expressions, of the
    sum of the weights that have arrived at the end of the step."""

    name: str
    arrived: str


@dataclass(frozen=True)
class Pool:
    """What a cell knows of all cells of its population, at the beginning of the step.

    operation   "mean", "max", "min", "norm1" (the sum of absolute values) or "norm2" (the root of that of
                squares)
    variable    of which
    arrived     its name in expressions
    """

    operation: str
    variable: str
    arrived: str


@dataclass(frozen=True)
class Neuron:
    """
    graded     where graded connections end: `arrived` is what they bring during the step
    transmits  the variable that cells transmit to graded connections that don't say which; or None
    update     statements of one step from t to t + dt, in order: what arrived for a receptor and the injected
               current are those of this step; what arrived is for the end of it, so a variable that
               synapses jump is usually integrated first, and ``g = g + arrived`` comes after that
    injected   the name of the injected current (nA) in expressions
    conductance_based   whether weights are conductances, and so must not be negative; None: anything goes
    text       the model as it was written, for messages (by lines) and for `describe`
    first      the variable that stands for the membrane potential, or None for the first that is listed
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    internals: tuple[Internal, ...] = ()
    inlines: tuple[Inline, ...] = ()
    variables: tuple[Variable, ...] = ()
    pasts: tuple[Past, ...] = ()
    equations: tuple[Equation, ...] = ()
    functions: tuple[Function, ...] = ()
    receptors: tuple[Receptor, ...] = ()
    graded: tuple[Receptor, ...] = ()
    pools: tuple[Pool, ...] = ()
    transmits: str | None = None
    update: tuple = ()
    injected: str = "_injected"
    conductance_based: bool | None = None
    first: str | None = None
    text: str = field(default="", repr=False)

    @property
    def inputs(self):
        """The names of all that arrives, in the order in which a step gets it."""
        return [each.arrived for each in (*self.receptors, *self.graded, *self.pools)]


@dataclass(frozen=True)
class Synapse:
    """
    weight       the name, in expressions, of PyNN's weight: a parameter or a variable of this name is that
    weight_scale how many units of the model's weight are one nA or uS; users give weights in the model's
    units,
                 and are shown them in nA or uS
    delay        of PyNN's delay, ms; or None
    between      statements that take the state from one event to the next, `elapsed` ms later
    on_pre       statements at the arrival of a spike of the source; `Deliver` is one of them
    on_post      statements at the arrival (after the dendritic part of the delay) of a spike of the target
    post_first   which comes first when both arrive at the same time: NEST's order (True) or PyNN's
    unheard      names of further inputs for spikes, at which nothing can arrive
    text         the model as it was written
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    internals: tuple[Internal, ...] = ()
    inlines: tuple[Inline, ...] = ()
    variables: tuple[Variable, ...] = ()
    equations: tuple[Equation, ...] = ()
    functions: tuple[Function, ...] = ()
    between: tuple = ()
    on_pre: tuple = ()
    on_post: tuple = ()
    weight: str = "w"
    weight_scale: float = 1.0
    delay: str | None = None
    post_first: bool = False
    unheard: tuple[str, ...] = ()
    text: str = field(default="", repr=False)


@dataclass(frozen=True)
class GradedSynapse:
    """A synapse that acts all the time.

    In each step first `of_target` is done once for each target cell, of variables that are semiglobal or
    global, then `learn` for each connection. Expressions know values of the cells at the end of the step
    (those of the source a delay ago), as pre.name and post.name.

    weight      the name, in expressions, of PyNN's weight: a parameter or a variable
    temporaries   names that are assigned to before anything else in `learn` looks at them: known from there
                  on
    psp         what the target receives of each connection
    operation   how that is combined: "sum", "mean", "max" or "min"
    text        the model as it was written
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    internals: tuple[Internal, ...] = ()
    variables: tuple[Variable, ...] = ()
    equations: tuple[Equation, ...] = ()
    functions: tuple[Function, ...] = ()
    temporaries: tuple[str, ...] = ()
    of_target: tuple = ()
    learn: tuple = ()
    psp: str = "w * pre.r"
    psp_line: int = 0
    operation: str = "sum"
    weight: str = "w"
    text: str = field(default="", repr=False)

    inlines, delay = (), None


def wrong(model, line, message):
    """The error for a mistake in a model's text: names the model, the line, and what stands there.

    model   a Neuron or Synapse, or (name, text)
    line    its number, from 1; 0 if it is no particular one
    """
    name, text = model if isinstance(model, tuple) else (model.name, model.text)
    lines = text.splitlines()
    where = f", line {line} ({_shortened(lines[line - 1].strip())})" if 0 < line <= len(lines) else ""
    return errors.InvalidModelError(f"{name}{where}: {message}")


def _shortened(text, most=100):
    return text if len(text) <= most else f"{text[: most - 3]}..."
