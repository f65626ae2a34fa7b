"""
Expressions as Python's syntax trees: their names, and sums and products of them.
"""

import ast
import math

from .ranges import OutOfDomain, range_of


def depth_of(tree):
    """How many levels a tree has."""
    depth, level = 0, [tree]
    while level:
        depth += 1
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return depth


def names_in(tree):
    """The names in an expression, given as a text or a tree: a set; "pre.v" counts as one."""
    tree = ast.parse(tree, mode="eval").body if isinstance(tree, str) else tree
    names, stack = set(), [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Attribute):
            names.add(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Call):
            stack += node.args
        else:
            stack += ast.iter_child_nodes(node)
    return names


class _Renaming(ast.NodeTransformer):
    def __init__(self, names):
        self.names = names

    def visit_Call(self, node):
        node.args = [self.visit(argument) for argument in node.args]
        return node

    def visit_Name(self, node):
        return ast.parse(self.names[node.id], mode="eval").body if node.id in self.names else node


def with_names(text, names):
    """An expression with other expressions in place of names."""
    if not names or not names_in(text) & set(names):
        return text
    return ast.unparse(_Renaming(names).visit(ast.parse(text, mode="eval").body))


def sum_of(a, b):
    if a is None or b is None:
        return a or b
    return ast.BinOp(a, ast.Add(), b)


def product_of(a, b):
    if is_one(a):
        return b
    return a if is_one(b) else ast.BinOp(a, ast.Mult(), b)


def difference_of(a, b):
    if b is None:
        return a
    return ast.UnaryOp(ast.USub(), b) if a is None else ast.BinOp(a, ast.Sub(), b)


def is_zero(tree):
    """Whether an expression is 0 whatever its names stand for; only numbers are looked at, and equal terms."""
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Sub):
        if ast.dump(tree.left) == ast.dump(tree.right):
            return True
    return number_of(tree) == 0


def is_one(tree):
    return number_of(tree) == 1


def number_of(tree):
    """The value of an expression of numbers, a text or a tree; None if it has none, or has names."""
    tree = ast.parse(tree, mode="eval").body if isinstance(tree, str) else tree
    try:
        low, high = range_of(tree, {})
    except OutOfDomain:
        return None
    return low if low == high and math.isfinite(low) else None
