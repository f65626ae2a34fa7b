"""
From a text in NESTML, of any dialect from 8.2 to 9.0, to a checked syntax tree.

pynestml reads 9.0. What earlier dialects wrote differently is put into its words first, on the same line,
so that messages name the lines of the user's text:

    spike(weight real, delay ms)    in the output block: spike
    emit_spike(w, d)                emit_spike(w); d is told apart
    V_m * nS                        a unit without a number: accepted, though 9.0 forbids it

A number and its unit get parentheses, "(1 nS) * x": pynestml takes as much as it can for the unit, and where
that is a variable, 9.0 loses it.
"""

import contextlib
import io
import os
import re
import tempfile
import warnings
from dataclasses import dataclass, field

from pynestml.cocos.co_cos_manager import CoCosManager
from pynestml.frontend.frontend_configuration import FrontendConfiguration
from pynestml.frontend.pynestml_frontend import init_predefined
from pynestml.meta_model.ast_model import ASTModel
from pynestml.symbols.predefined_units import PredefinedUnits
from pynestml.utils.logger import Logger, LoggingLevel
from pynestml.utils.messages import MessageCode
from pynestml.utils.model_parser import ModelParser
from pyNN import errors

from ..messages import did_you_mean
from .description import wrong

NAME = r"[A-Za-z_$][\w$]*"
_DECLARED = re.compile(
    rf"^\s*(?:(?:recordable|inline|kernel)\s+)*({NAME}'*(?:\s*,\s*{NAME}'*)*)\s+[\w*/() -]+="
)
_NUMBER_WITH_NAME = re.compile(rf"(?<![\w$.])((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[ \t]*({NAME})")
_MORE_UNIT = re.compile(
    rf"[ \t]*(\*\*[ \t]*[+-]?\d+|\*\*[ \t]*\([+-]?\d+\)|[*/][ \t]*({NAME})(?!\s*['(\[\w$]))"
)
_OUTPUT = re.compile(r"^(\s*(?:output\s*:)?\s*spike)\s*\([^()]*\)")
_MODEL = re.compile(r"^[ \t]*model[ \t]+\w+[ \t]*:", re.MULTILINE)
_EMITS = "emit_spike("


@dataclass
class Parsed:
    """
    name, text   of the model, as the user wrote it
    tree         pynestml's, an ASTModel
    delay        in old dialects, what is given to emit_spike as the delay (a text), or None
    """

    name: str
    text: str
    tree: ASTModel = field(repr=False)
    delay: str | None = None

    def wrong(self, node_or_line, message):
        line = node_or_line if isinstance(node_or_line, int) else line_of(node_or_line)
        return wrong((self.name, self.text), line, message)


def line_of(node):
    """The line that a part of the tree came from; 0 if it is unknown."""
    try:
        return max(node.get_source_position().get_start_line(), 0)
    except AttributeError:
        return 0


def parsed(text, name=None):
    """The model of that name in a text, or the only one. Raises InvalidModelError."""
    shown = name or "NESTML"
    if not _MODEL.search(text):
        raise wrong((shown, text), 0, "there is no model in the text (model NAME: ...)")
    init_predefined()
    translated, delay = _translated(text)
    with _quiet() as log:
        try:
            trees = _trees(translated)
            tree = _chosen(trees, text, name) if trees else None
            if tree is not None:
                CoCosManager.check_cocos(tree)
        except RecursionError:
            raise wrong((shown, text), 0, "is nested too deep") from None
        except errors.InvalidModelError:
            raise
        except Exception as error:  # whatever pynestml fails with, where the text is not NESTML
            _raise_first(log(), shown, text)
            raise wrong((shown, text), 0, f"can't be read as NESTML ({type(error).__name__})") from None
        _raise_first(log(), shown, text)
    if tree is None:
        raise wrong((shown, text), 0, "there is no model in the text")
    return Parsed(name or tree.get_name(), text, tree, delay)


def _trees(text):
    """The trees of all models in a text; None if it can't be read."""
    with contextlib.redirect_stdout(io.StringIO()):
        unit = _parse(text)
    return unit.get_model_list() if unit is not None else None


def _parse(text):
    # pynestml reads files only.
    file, path = tempfile.mkstemp(suffix=".nestml")
    try:
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            stream.write(text if text.endswith("\n") else text + "\n")
        return ModelParser.parse_file(path)
    finally:
        os.unlink(path)


def _chosen(trees, text, name):
    by_name = {tree.get_name(): tree for tree in trees}
    if name in by_name:
        return by_name[name]
    if len(by_name) > 1 and name is not None:
        message = f"there is no model '{name}' in the text{did_you_mean(name, list(by_name))}"
        raise wrong((name, text), 0, message)
    return trees[0]


@contextlib.contextmanager
def _quiet():
    """pynestml keeps what it has to say; gives a function that returns its errors so far: (line, message)."""
    before = Logger.logging_level, Logger.no_print, Logger.log, Logger.curr_message
    platform = FrontendConfiguration.target_platform
    Logger.init_logger(LoggingLevel.ERROR)
    Logger.no_print = True
    FrontendConfiguration.target_platform = "NEST"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of astropy, about the style of units
            yield _errors
    finally:
        Logger.logging_level, Logger.no_print, Logger.log, Logger.curr_message = before
        FrontendConfiguration.target_platform = platform


def _errors():
    found = []
    for _, _, level, code, position, message in Logger.log.values():
        if level.value >= LoggingLevel.ERROR.value and code != MessageCode.NO_SOLITARY_PHYSICAL_UNITS:
            line = position.get_start_line() if position is not None else 0
            found.append((line, message))
    return found


def _raise_first(errors, name, text):
    if errors:
        line, message = errors[0]
        message = " ".join(str(message).split())
        raise wrong((name, text), max(line, 0), message[:1].lower() + message[1:]) from None


# --- dialects -----------------------------------------------------------------------------------------------


def _translated(text):
    """The text in the words of 9.0, and what was given as the delay."""
    lines, delay = [], None
    declared = {
        name.strip(" '")
        for line in text.splitlines()
        if (found := _DECLARED.match(line))
        for name in found.group(1).split(",")
    }
    for line in text.splitlines():
        code, mark, comment = line.partition("#")
        code = _OUTPUT.sub(r"\1", code)
        code, given = _without_delay(code)
        delay = given or delay
        if '"' not in code:
            code = _with_parentheses(code, declared)
        lines.append(code + mark + comment)
    return "\n".join(lines) + "\n", delay


def _without_delay(code):
    """A line without the second argument of emit_spike, and that argument."""
    start = code.find(_EMITS)
    if start < 0:
        return code, None
    depth, commas = 1, []
    for end in range(start + len(_EMITS), len(code)):
        depth += {"(": 1, ")": -1}.get(code[end], 0)
        if code[end] == "," and depth == 1:
            commas.append(end)
        if depth == 0:
            break
    if not commas or depth:
        return code, None
    return code[: commas[0]] + code[end:], code[commas[0] + 1 : end].strip()


def _with_parentheses(code, declared):
    """A line in which each number with a unit is in parentheses."""

    def is_unit(name):
        return name not in declared and PredefinedUnits.is_unit(name)

    result, position = "", 0
    for found in _NUMBER_WITH_NAME.finditer(code):
        if found.start() < position or not is_unit(found.group(2)):
            continue
        end = found.end()
        while (more := _MORE_UNIT.match(code, end)) and (more.group(2) is None or is_unit(more.group(2))):
            end = more.end()
        result += f"{code[position : found.start()]}({code[found.start() : end]})"
        position = end
    return result + code[position:]
