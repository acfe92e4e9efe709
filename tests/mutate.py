"""Small wrong lines: each mutant is one source file with one change, such as `<` for `<=`.

What is changed are comparisons, and/or, arithmetic, constants, conditions, returned values, arguments,
slices, the entries of lists and dicts, and statements, which are left out. What stays as it is: docstrings,
types, decorators, imports, the words of errors and of printed lines, calls of `gc` and `logging`, which
decide no result, and `strict=True`, which only checks. Of a text with values in it only the values are
changed.
"""

import ast
import copy
import dataclasses
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

SWAPPED: dict[type, type] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}
WORDS = {"UserError", "ValueError", "wrong", "print", "_say", "tell", "logging", "gc"}
"""Calls that are left as they are: they are words for a person, or decide no result."""
UNTOUCHED = {"annotation", "returns", "decorator_list", "type_params"}


@dataclass(frozen=True)
class Mutant:
    """One changed place: its file, the lines of its statement, and the statement before and after.

    `source` is the whole file before, and `number` counts its changes; `early` is whether the place runs when
    its module is imported.
    """

    file: str
    source: str = dataclasses.field(repr=False)
    number: int
    lines: tuple[int, int]
    early: bool
    before: str
    after: str

    def rank(self, seed: int) -> str:
        """Its place in an order by chance. Edits elsewhere in the file do not change it."""
        return hashlib.sha256(f"{seed} {self.file} {self.before} {self.after}".encode()).hexdigest()


def mutants(file: str, source: str) -> Iterator[Mutant]:
    """All mutants of a file, no two of them alike."""
    seen = set()
    for number, (statement, early, before, after) in enumerate(_changes(ast.parse(source))):
        if before != after and (statement.lineno, before, after) not in seen:
            seen.add((statement.lineno, before, after))
            lines = statement.lineno, _end(statement)
            yield Mutant(file, source, number, lines, early, before, after)


def mutated(mutant: Mutant) -> str:
    """The file with the change."""
    tree = ast.parse(mutant.source)
    next(islice(_changes(tree), mutant.number, None))  # the tree stays changed until the next step
    return ast.unparse(ast.fix_missing_locations(tree))


def _changes(tree: ast.Module) -> Iterator[tuple[ast.stmt, bool, str, str]]:
    """Change the tree in one place after the other: the statement, whether it is early, before and after."""
    for parents, field, at in _places(tree, []):
        parent = parents[-1]
        held = getattr(parent, field)
        node = held if at is None else held[at]
        statement = next(one for one in [node, *parents[::-1]] if isinstance(one, ast.stmt))
        before, early = _head(statement), _early([*parents, node])
        for new in _changed(node, parent, field):
            _put(parent, field, at, new)
            yield statement, early, before, _head(new if statement is node else statement)
        _put(parent, field, at, node)


def _places(node: ast.AST, parents: list[ast.AST]) -> Iterator[tuple[list[ast.AST], str, int | None]]:
    """Every place of the tree that may be changed: the nodes above it, the field and the index in it."""
    for field, value in ast.iter_fields(node):
        if field in UNTOUCHED:
            continue
        for at, each in enumerate(value) if isinstance(value, list) else ((None, value),):
            if isinstance(each, ast.AST) and not _left_alone(each, node):
                yield [*parents, node], field, at
                yield from _places(each, [*parents, node])


def _left_alone(node: ast.AST, parent: ast.AST) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom | ast.alias):
        return True
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return isinstance(parent, ast.Expr | ast.JoinedStr)  # a docstring, the words around values
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return True
    if isinstance(parent, ast.keyword) and parent.arg == "strict":
        return True
    # the words of an error (that it is raised is changed), what is assigned to, keys that only raise KeyError
    if isinstance(parent, ast.Raise) or isinstance(getattr(node, "ctx", None), ast.Store):
        return True
    if isinstance(parent, ast.Subscript) and isinstance(node, ast.Constant) and isinstance(node.value, str):
        return True
    return isinstance(node, ast.Expr | ast.Call) and bool(WORDS & set(_called(node)))


def _called(node: ast.AST) -> list[str]:
    call = node.value if isinstance(node, ast.Expr) else node
    function = call.func if isinstance(call, ast.Call) else None
    while isinstance(function, ast.Attribute | ast.Call):
        function = function.value if isinstance(function, ast.Attribute) else function.func
    return [function.id] if isinstance(function, ast.Name) else []


def _changed(node: ast.AST, parent: ast.AST, field: str) -> Iterator[Any]:
    """What may stand in the place of a node."""
    if isinstance(node, ast.expr):
        yield from _other_expressions(node, parent)
        if field in ("test", "ifs"):
            yield ast.UnaryOp(ast.Not(), node)
    elif isinstance(node, ast.Return) and node.value and ast.unparse(node.value) != "None":
        yield ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Expr | ast.AugAssign | ast.Raise | ast.Continue | ast.Break) or (
        isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute | ast.Subscript)
    ):
        yield ast.Pass()


def _other_expressions(node: ast.expr, parent: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in SWAPPED:
        yield ast.Compare(node.left, [SWAPPED[type(node.ops[0])]()], node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(SWAPPED[type(node.op)](), node.values)
    elif isinstance(node, ast.BinOp) and type(node.op) in SWAPPED and not _text(node.left, node.right):
        yield ast.BinOp(node.left, SWAPPED[type(node.op)](), node.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node.operand
    elif isinstance(node, ast.Constant):
        value = node.value
        if isinstance(value, bool):
            yield ast.Constant(not value)
        elif isinstance(value, int | float | str):
            yield ast.Constant(value + ("x" if isinstance(value, str) else 1))
    elif isinstance(node, ast.Slice):
        for bound in ("lower", "upper"):
            if getattr(node, bound):
                yield _with(node, bound, None)
    elif isinstance(node, ast.Call):
        yield from _other_calls(node)
    elif isinstance(node, ast.List | ast.Set | ast.Tuple) and len(node.elts) > 1:
        if not isinstance(node, ast.Tuple) or not isinstance(parent, ast.Assign | ast.Subscript | ast.For):
            for i in range(len(node.elts)):
                yield _with(node, "elts", node.elts[:i] + node.elts[i + 1 :])
    elif isinstance(node, ast.Dict) and len(node.keys) > 1:
        for i in range(len(node.keys)):
            yield ast.Dict(node.keys[:i] + node.keys[i + 1 :], node.values[:i] + node.values[i + 1 :])


def _other_calls(node: ast.Call) -> Iterator[ast.expr]:
    if isinstance(node.func, ast.Name) and node.func.id in NAMES:
        yield _with(node, "func", ast.Name(NAMES[node.func.id]))
    # the order decides nothing of a largest or a smallest number
    ordered = not _called(node) or _called(node)[0] not in ("min", "max")
    if ordered and len(node.args) > 1 and not any(isinstance(one, ast.Starred) for one in node.args[:2]):
        yield _with(node, "args", [node.args[1], node.args[0], *node.args[2:]])
    for i, option in enumerate(node.keywords):
        if option.arg != "strict":  # of `zip`: a check of what the line above it says already
            yield _with(node, "keywords", node.keywords[:i] + node.keywords[i + 1 :])


def _with(node: Any, field: str, value: Any) -> Any:
    changed = copy.copy(node)
    setattr(changed, field, value)
    return changed


def _text(*nodes: ast.expr) -> bool:
    """Whether one of them is a text, a list or the like, which a minus would only break."""
    kinds = (ast.JoinedStr, ast.List, ast.Tuple, ast.Dict)
    return any(
        isinstance(n, kinds) or (isinstance(n, ast.Constant) and isinstance(n.value, str)) for n in nodes
    )


def _put(parent: ast.AST, field: str, at: int | None, node: ast.AST) -> None:
    if at is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[at] = node


def _head(statement: ast.stmt) -> str:
    """The text of a statement without the block below it."""
    shown = copy.copy(statement)
    for block in ("body", "orelse", "finalbody", "handlers"):
        if getattr(shown, block, None):
            setattr(shown, block, [ast.Pass()] if block == "body" else [])
    text = ast.unparse(ast.fix_missing_locations(shown))
    return text.removesuffix("pass").strip() if hasattr(shown, "body") else text


def _end(statement: ast.stmt) -> int:
    """The last line of a statement; of one with a block below it, the first line of that."""
    body = getattr(statement, "body", None)
    # the first line of the block counts too: Python leaves out that of `while True`
    return body[0].lineno if body else statement.end_lineno or statement.lineno


def _early(chain: list[ast.AST]) -> bool:
    """Whether the last of these nodes is outside the body of every function; defaults of options are, too."""
    return not any(
        isinstance(outer, ast.Lambda) or (isinstance(outer, ast.FunctionDef) and inner in outer.body)
        for outer, inner in pairwise(chain)
    )
