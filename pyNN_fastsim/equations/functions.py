"""
ANNarchy's functions and random draws, written with what the description has.
"""

import ast
import re

PYTHONS_OWN = {
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda",
    "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
}  # fmt: skip
_REWRITTEN = {
    "pos": "max({0}, 0.0)",
    "positive": "max({0}, 0.0)",
    "neg": "min({0}, 0.0)",
    "negative": "min({0}, 0.0)",
    "power": "({0}) ** ({1})",
    "Uniform": "({0}) + (({1}) - ({0})) * uniform()",
    "DiscreteUniform": "({0}) - 1.0 + ceil((({1}) - ({0}) + 1.0) * uniform())",
    "Normal": "({0}) + ({1}) * normal()",
    "LogNormal": "exp(({0}) + ({1}) * normal())",
    "Exponential": "-log(uniform()) / ({0})",
}
_NOT_HERE = {
    "sum": "sum(exc) is of one receptor type, or of all, sum(), and for neurons",
    **dict.fromkeys(
        ("mean", "norm1", "norm2"), "is of one variable of a neuron, such as mean(r), over its population"
    ),
    "Gamma": "only Uniform, DiscreteUniform, Normal, LogNormal and Exponential can be drawn in each step",
    "Binomial": "only Uniform, DiscreteUniform, Normal, LogNormal and Exponential can be drawn in each step",
}
_NODES = (
    ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.Name, ast.Constant,
    ast.Attribute, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context,
)  # fmt: skip


class Functions(ast.NodeTransformer):
    """Looks at each part of an expression, and rewrites ANNarchy's functions."""

    def __init__(self, parser, line):
        self.parser, self.line = parser, line

    def wrong(self, message):
        return self.parser.wrong(self.line, message)

    def visit(self, node):
        if not isinstance(node, _NODES):
            raise self.wrong(f"'{ast.unparse(node)}' has no meaning in an expression")
        return super().visit(node)

    def visit_Constant(self, node):
        if isinstance(node.value, bool):
            return ast.Constant(1.0 if node.value else 0.0)
        try:
            number = float(node.value)
        except (OverflowError, TypeError):
            number = float("inf")
        if abs(number) == float("inf"):
            raise self.wrong(f"{str(node.value)[:20]} is too large a number")
        return ast.Constant(number) if abs(number) > 2**53 else node

    def visit_Attribute(self, node):
        if not isinstance(node.value, ast.Name) or node.value.id not in ("pre", "post"):
            raise self.wrong(f"only pre and post have attributes, not '{ast.unparse(node.value)}'")
        return node

    def visit_Call(self, node):
        if not isinstance(node.func, ast.Name):
            raise self.wrong(f"'{ast.unparse(node.func)}' is not a function")
        name, n = node.func.id, len(node.args)
        if name in _NOT_HERE:
            raise self.wrong(f"'{name}': {_NOT_HERE[name]}")
        node.args = [self.visit(argument) for argument in node.args]
        if name not in _REWRITTEN:
            return node
        pattern = _REWRITTEN[name]
        expected = len(set(re.findall(r"\{\d\}", pattern)))
        if n != expected:
            raise self.wrong(f"{name} takes {expected} argument{'s' if expected > 1 else ''}, not {n}")
        return ast.parse(pattern.format(*map(ast.unparse, node.args)), mode="eval").body
