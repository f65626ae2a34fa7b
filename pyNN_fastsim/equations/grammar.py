"""
How ANNarchy's grammar is read: from lines of text to statements with expressions in Python's syntax.

One statement is ``name = expression``, ``name += expression`` (or -=, *=, /=), or an equation that has
``dname/dt`` on one of its sides, or on both; after a colon follow flags. A line that has no = of its own
goes on with the statement before it. "#" begins a comment, and ";" ends a line.

Expressions are Python's, but ^ is the power, "if a: b else: c" is a choice, "is" and "is not" compare, and
there are pos, neg, power, modulo and random draws (Uniform, Normal, ...), which are written with what the
description has.
"""

import ast
import re
from dataclasses import dataclass, field

from ..messages import did_you_mean
from .description import wrong
from .functions import PYTHONS_OWN, Functions
from .trees import depth_of, difference_of, is_one, is_zero, names_in, product_of, sum_of

METHODS = {
    "explicit": "explicit",
    "exponential": "exponential",
    "midpoint": "midpoint",
    "rk4": "rk4",
    "runge-kutta4": "rk4",
    "implicit": "implicit",
    "semiimplicit": "implicit",
    "event-driven": "event-driven",
    "exact": "event-driven",
}
LOCALITIES = {"population": "global", "projection": "global", "postsynaptic": "semiglobal"}
TYPES = ("float", "int", "bool")
KEYS = ("init", "min", "max", "unit")  # flags that have a value
FLAGS = (*KEYS, *METHODS, *LOCALITIES, *TYPES, "unless_refractory", "unless_post")

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
          | (?P<name>[^\W\d]\w*)
          | (?P<sign>\*\*|==|!=|<=|>=|&&|\|\||[-+*/]=|[-+*/%^()<>=!,:.&|]))""",
    re.VERBOSE,
)
OF_ALL_CELLS = ("mean", "max", "min", "norm1", "norm2")  # operations on a variable of all cells
SUM_OF_ALL = "_sum_"
_ASSIGNMENTS = ("=", "+=", "-=", "*=", "/=")
_SPELLINGS = {
    "^": "**",
    "&&": "and",
    "&": "and",
    "||": "or",
    "|": "or",
    "!": "not",
    "true": "True",
    "false": "False",
}
_DEEPEST = 60  # levels of brackets and choices in one expression
_DEEPEST_TREE = 100  # and of operations


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    end: int  # its place in the line


@dataclass
class Statement:
    """One statement of a model.

    target       the name that is assigned to, or whose derivative it is
    operator     one of =, +=, -=, *=, /=, or "d" for a differential equation
    expression   the right side, or the derivative, in Python's syntax
    flags        by name; those without a value have ""
    """

    target: str
    operator: str
    expression: str
    flags: dict = field(default_factory=dict)
    line: int = 0

    def value(self):
        """What the target is after it."""
        if self.operator in ("=", "d"):
            return self.expression
        return f"{self.target} {self.operator[0]} ({self.expression})"


# --- lines ------------------------------------------------------------------------------------------------


def statements_of(lines):
    """The texts of statements with their lines, [(text, line)], from lines: pairs of a text and a number."""
    result: list[tuple[str, int]] = []
    for text, number in pieces_of(lines):
        if result and not _begins_statement(text):
            before, first = result.pop()
            result.append((f"{before} {text}", first))
        else:
            result.append((text, number))
    return result


def pieces_of(lines):
    """Lines without comments and empty ones, cut at ";"."""
    return [
        (" ".join(piece.split()), number)
        for text, number in lines
        for piece in text.partition("#")[0].split(";")
        if piece.strip()
    ]


def _begins_statement(text):
    """Whether there is an assignment before any colon."""
    return re.match(r"[^:=<>!]*(?<![<>!=])=(?!=)", text) is not None


# --- one statement ----------------------------------------------------------------------------------------


class Parser:
    """Reads statements of the model (name, text)."""

    def __init__(self, model, parameters=()):
        self.model, self.parameters = model, set(parameters)
        self.knows_all_cells = False  # whether sum(exc), mean(r), ... have a meaning, see `_graded`

    def statement(self, text, line):
        """Raises InvalidModelError."""
        tokens = self._with_derivatives(self._tokens(text, line), line)
        place = next((k for k, token in enumerate(tokens) if token.text in _ASSIGNMENTS), None)
        if place is None:
            raise self.wrong(line, "is no statement: there is no '='")
        left, operator = tokens[:place], tokens[place].text
        right, flags = self._expression_and_flags(tokens[place + 1 :], text, line)
        derivatives = {token.text for token in tokens if token.kind == "derivative"}
        if derivatives:
            return self._equation(derivatives, left, operator, right, flags, line)
        if len(left) != 1 or left[0].kind != "name":
            raise self.wrong(line, "must have a name before the '=', or a derivative such as dv/dt")
        return Statement(left[0].text, operator, self.checked(right, line), flags, line)

    def expression(self, text, line):
        """A whole text as one expression in Python's syntax."""
        right, flags = self._expression_and_flags(self._tokens(text, line), text, line)
        if flags:
            raise self.wrong(line, f"can't have flags ({', '.join(flags)})")
        return self.checked(right, line)

    def function(self, text, line):
        """The name, arguments and expression of ``f(x, y) = expression``."""
        match = re.match(r"\s*([^\W\d]\w*)\s*\(([^()]*)\)\s*=(?!=)", text)
        if match is None:
            raise self.wrong(line, "must be of the form name(argument, ...) = expression")
        arguments = tuple(part.strip() for part in match[2].split(","))
        for name in (match[1], *arguments):
            self.check_name(name, line)
        if len(set(arguments)) < len(arguments):
            raise self.wrong(line, "has two arguments of the same name")
        tokens = self._tokens(text[match.end() :], line)
        reading = _Reading(self, tokens, line)
        right = reading.sequence((":",))
        return match[1], arguments, self.checked(right, line)  # types after a colon are all float here

    def check_name(self, name, line):
        if not name.isidentifier():
            raise self.wrong(line, f"'{name}' can't be a name")
        if name in PYTHONS_OWN:
            raise self.wrong(line, f"'{name}' can't be a name: it is a word of the language")
        if name.startswith("_"):
            raise self.wrong(line, f"'{name}' can't be a name: those that begin with '_' are reserved")

    def wrong(self, line, message):
        return wrong(self.model, line, message)

    # --- its parts

    def _tokens(self, text, line):
        tokens, place = [], 0
        text = text.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise self.wrong(line, f"'{text[place:].strip()[0]}' has no meaning here")
            place = match.end()
            if (
                match.lastgroup == "number"
                and _TOKEN.match(text + " ", place)
                and text[place : place + 1].isidentifier()
            ):
                raise self.wrong(line, f"'{text[match.start('number') :].split()[0]}' is not a number")
            kind = str(match.lastgroup)
            tokens.append(Token(kind, match[kind], place))
        return self._graded(tokens) if self.knows_all_cells else tokens

    @staticmethod
    def _graded(tokens):
        """Put one name, such as "_sum_exc" or "_mean_r", where there is sum(exc), sum(), mean(r), max(r),
        ..."""
        result, k = [], 0
        while k < len(tokens):
            texts = [token.text for token in tokens[k : k + 4]]
            is_sum = texts[:2] == ["sum", "("]
            if is_sum and texts[2:3] == [")"]:
                result.append(Token("name", SUM_OF_ALL, tokens[k + 2].end))
                k += 3
            elif (
                (is_sum or texts[0] in OF_ALL_CELLS) and texts[1::2] == ["(", ")"] and texts[2].isidentifier()
            ):
                result.append(Token("name", f"_{texts[0]}_{texts[2]}", tokens[k + 3].end))
                k += 4
            else:
                result.append(tokens[k])
                k += 1
        return result

    def _with_derivatives(self, tokens, line):
        """Put one token of kind "derivative", whose text is the variable, where there is dname/dt."""
        result, k = [], 0
        while k < len(tokens):
            here = tokens[k]
            is_derivative = (
                [token.text for token in tokens[k + 1 : k + 3]] == ["/", "dt"]
                and here.kind == "name"
                and len(here.text) > 1
                and here.text.startswith("d")
                and here.text not in self.parameters
            )
            if is_derivative:
                result.append(Token("derivative", here.text[1:], tokens[k + 2].end))
            else:
                result.append(here)
            k += 3 if is_derivative else 1
        return result

    def _expression_and_flags(self, tokens, text, line):
        reading = _Reading(self, tokens, line)
        expression = reading.sequence((":",))
        if reading.k == len(tokens):
            return expression, {}
        return expression, self.flags(text[tokens[reading.k].end :], line)

    def flags(self, text, line):
        """What stands after the colon: a dictionary."""
        flags = {}
        for part in re.findall(r"(?:[^,()]|\((?:[^()]|\([^()]*\))*\))+", text):
            key, has_value, value = (side.strip() for side in part.partition("="))
            if not key and not has_value:
                continue
            if key not in FLAGS:
                raise self.wrong(line, f"there is no flag '{key}'{did_you_mean(key, FLAGS)}")
            if bool(has_value) != (key in KEYS) or (has_value and not value):
                raise self.wrong(
                    line, f"the flag '{key}' {'must' if key in KEYS else 'can not'} have a value"
                )
            if key in flags:
                raise self.wrong(line, f"the flag '{key}' stands there twice")
            flags[key] = value
        if not flags:
            raise self.wrong(line, "there is nothing after the colon")
        for kind, names in (("type", TYPES), ("method", METHODS), ("locality", LOCALITIES)):
            given = [name for name in names if name in flags]
            if len(given) > 1:
                raise self.wrong(line, f"has more than one {kind}: {', '.join(given)}")
        return flags

    # --- differential equations

    def _equation(self, derivatives, left, operator, right, flags, line):
        if len(derivatives) > 1:
            names = " and ".join(f"d{name}/dt" for name in sorted(derivatives))
            raise self.wrong(line, f"has more than one derivative: {names}")
        if operator != "=":
            raise self.wrong(line, f"is an equation, which has '=' in the middle, not '{operator}'")
        reading = _Reading(self, left, line)
        sides = [reading.sequence(()), right]
        (target,) = derivatives
        coefficient, rest = [], []
        for side in sides:
            tree = self._tree(self.checked(side, line, target), line)
            a, b = self._parts(tree, target, line)
            coefficient.append(a)
            rest.append(b)
        slope = difference_of(*coefficient)
        if slope is None or is_zero(slope):
            raise self.wrong(line, f"can't be solved for d{target}/dt, which cancels out")
        value = difference_of(rest[1], rest[0])
        value = ast.Constant(0.0) if value is None else value
        solution = value if is_one(slope) else ast.BinOp(value, ast.Div(), slope)
        return Statement(target, "d", ast.unparse(ast.fix_missing_locations(solution)), flags, line)

    def _parts(self, node, target, line):
        """a and b of an expression a * derivative + b; None stands for 0."""
        if isinstance(node, ast.Name) and node.id == derivative_name(target):
            return ast.Constant(1), None
        if derivative_name(target) not in names_in(node):
            return None, node
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
            return tuple(
                part and (ast.UnaryOp(node.op, part)) for part in self._parts(node.operand, target, line)
            )
        if isinstance(node, ast.BinOp):
            (a, b), (c, d) = (self._parts(side, target, line) for side in (node.left, node.right))
            if isinstance(node.op, ast.Add):
                return sum_of(a, c), sum_of(b, d)
            if isinstance(node.op, ast.Sub):
                return difference_of(a, c), difference_of(b, d)
            if isinstance(node.op, ast.Mult) and c is None:
                return tuple(part and product_of(part, d) for part in (a, b))
            if isinstance(node.op, ast.Mult) and a is None:
                return tuple(part and product_of(b, part) for part in (c, d))
            if isinstance(node.op, ast.Div) and c is None:
                return tuple(part and ast.BinOp(part, ast.Div(), d) for part in (a, b))
        raise self.wrong(line, f"can't be solved for d{target}/dt: it is not linear in it")

    # --- expressions

    def checked(self, text, line, target=None):
        """An expression in Python's syntax, with ANNarchy's functions in terms of the description's."""
        tree = self._tree(text, line)
        tree = Functions(self, line).visit(tree)
        result = ast.unparse(ast.fix_missing_locations(tree))
        if target is None and "_derivative" in result:
            raise self.wrong(line, "has a derivative where there is no equation")
        return result

    def _tree(self, text, line):
        try:
            tree = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise self.wrong(line, "can't be read as an expression") from None
        if depth_of(tree) > _DEEPEST_TREE:
            raise self.wrong(line, "has too many operations: split it up")
        return tree


def derivative_name(target):
    return f"_derivative_{target}"


class _Reading:
    """Goes through tokens and writes an expression in Python's syntax."""

    def __init__(self, parser, tokens, line):
        self.parser, self.tokens, self.line = parser, tokens, line
        self.k = self.depth = 0

    def wrong(self, message):
        return self.parser.wrong(self.line, message)

    def at(self, *texts):
        return self.k < len(self.tokens) and self.tokens[self.k].text in texts

    def sequence(self, stops):
        """The expression up to one of the tokens `stops`, or to the end."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.wrong("has too many levels of brackets or choices")
        parts: list[str] = []
        while self.k < len(self.tokens) and not self.at(*stops):
            parts.append(self._next(parts, stops))
        self.depth -= 1
        if not parts:
            raise self.wrong("has an empty expression")
        return " ".join(parts)

    def _next(self, parts, stops):
        token = self.tokens[self.k]
        ends_operand = bool(parts) and (
            parts[-1][-1] == ")" or parts[-1][-1].isalnum() or parts[-1][-1] in "_."
        )
        if parts and parts[-1] in ("and", "or", "not", "else"):
            ends_operand = False
        self.k += 1
        if token.kind == "derivative":
            return derivative_name(token.text)
        if token.text == "(":
            return self._brackets()
        if token.text == "if":
            return self._python_choice(parts) if ends_operand else self._choice(stops)
        if token.text == "is":
            if self.at("not"):
                self.k += 1
                return "!="
            return "=="
        if token.text == ")":
            raise self.wrong("has a bracket ')' that was not opened")
        if token.text in _ASSIGNMENTS:
            raise self.wrong(f"has a second '{token.text}'")
        if token.text in (":", ",", "else"):
            raise self.wrong(f"has a '{token.text}' where none can be")
        if token.text == "." and self.tokens[self.k - 2 : self.k - 1] and parts[-1] not in ("pre", "post"):
            raise self.wrong("only pre and post can stand before a '.'")
        if token.kind == "name":
            return self._name(token)
        return _SPELLINGS.get(token.text, token.text)

    def _name(self, token):
        text = _SPELLINGS.get(token.text, token.text)
        if text in PYTHONS_OWN and text not in ("and", "or", "not", "True", "False"):
            raise self.wrong(f"has '{text}' where none can be")
        return text

    def _brackets(self):
        parts: list[str] = []
        while True:
            if self.at(")") and not parts:
                self.k += 1
                return "()"
            parts.append(self.sequence((")", ",")))
            if self.k == len(self.tokens):
                raise self.wrong("has a bracket '(' that is not closed")
            self.k += 1
            if self.tokens[self.k - 1].text == ")":
                return f"({', '.join(parts)})"

    def _choice(self, stops):
        condition = self.sequence((":",))
        self._expect(":", "after the condition of an 'if'")
        if_true = self.sequence(("else",))
        self._expect("else", "after an 'if'")
        self._expect(":", "after 'else'")
        return f"(({if_true}) if ({condition}) else ({self.sequence(stops)}))"

    def _python_choice(self, parts):
        condition = self.sequence(("else",))
        self._expect("else", "after an 'if'")
        return f"if ({condition}) else"

    def _expect(self, text, where):
        if not self.at(text):
            raise self.wrong(f"must have '{text}' {where}")
        self.k += 1
