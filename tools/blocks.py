"""The chapters' blocks, and what they have to equal.

A chapter writes a block of the model in front of the reader, in a code cell with this metadata:

    block:
      built: similarity                                    # the name that the cell defines
      equals: emotalk_lite.data.align.similarity_transform # what it has to equal
      inputs: (rng.normal(size=(5, 2)), TEMPLATE)          # arguments, from rng and the names of the cells it needs
      init: (ModelConfig(),)                               # for torch modules: arguments of both constructors

`compare` executes just the cells that the block needs and compares it with the package's object on random inputs. Of modules,
the package's weights are loaded into the block first.

A training step has no such twin: the package has one loop where the chapter has a step. There the chapter's own comparison is the test. Its
cell names what it compares:

    proves: [critic_step, generator_step]

and `prove` executes it with just the cells that it needs.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode


@dataclass(frozen=True)
class Block:
    """One block of a chapter: the cell that builds it and the cells it needs, in order, as Python source."""

    built: str
    equals: str
    inputs: str
    init: str | None
    cells: tuple[str, ...]


def blocks(notebook: NotebookNode) -> list[Block]:
    """Every block of a notebook."""
    sources = [TransformerManager().transform_cell(c.source) for c in notebook.cells if c.cell_type == "code"]
    metadata = [c.metadata.get("block") for c in notebook.cells if c.cell_type == "code"]
    found = []
    for index, block in enumerate(metadata):
        if block:
            arguments = f"{block['inputs']}\n{block.get('init', '')}"
            found.append(Block(block["built"], block["equals"], block["inputs"], block.get("init"),
                               tuple(cells_needed(sources, index, arguments))))
    return found


@dataclass(frozen=True)
class Proof:
    """A cell that compares what a chapter builds with the package's: the names it compares, and the cells it needs, itself the last."""

    proves: tuple[str, ...]
    cells: tuple[str, ...]


def proofs(notebook: NotebookNode) -> list[Proof]:
    """Every cell of a notebook that says what it proves."""
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    sources = [TransformerManager().transform_cell(c.source) for c in cells]
    return [Proof(tuple(cell.metadata.proves), tuple(cells_needed(sources, index)))
            for index, cell in enumerate(cells) if "proves" in cell.metadata]


def prove(proof: Proof) -> None:
    """Run the comparison by itself; AssertionError if the two differ, if it needs no cell that defines what it names, or asserts nothing."""
    nodes = [node for cell in proof.cells[:-1] for node in ast.parse(cell).body]
    built = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert proof.proves and set(proof.proves) <= built, f"no cell that the comparison needs defines {set(proof.proves) - built}"
    assert any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(proof.cells[-1]))), "the cell asserts nothing"
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in proof.cells:
        exec(compile(cell, f"<proof of {', '.join(proof.proves)}>", "exec"), namespace)


def cells_needed(sources: list[str], index: int, extra: str = "") -> list[str]:
    """The cell at ``index`` and those before it that define a name it uses, directly or through one another.

    A function may use a name that only a later cell defines, as long as that cell runs before the function is called.

    >>> cells_needed(["import math", "print('slow')", "r = math.pi", "def f(x): return x * r"], 3)
    ['import math', 'r = math.pi', 'def f(x): return x * r']
    >>> cells_needed(["def f(): return g()", "def g(): return 1", "f()"], 2)
    ['def f(): return g()', 'def g(): return 1', 'f()']
    """
    parsed = [names(source) for source in sources[: index + 1]]
    needed: set[int] = set()
    pending = [index]
    while pending:
        cell = pending.pop()
        if cell in needed:
            continue
        needed.add(cell)
        used, defined = parsed[cell]
        for name in (used | names(extra)[0]) - defined if cell == index else used:
            earlier = [i for i in range(cell) if name in parsed[i][1]]
            later = [i for i in range(cell + 1, index) if name in parsed[i][1] and name not in defined]
            pending += earlier[-1:] or later[:1]
    return [sources[i] for i in sorted(needed)]


def unasserted(notebook: NotebookNode) -> list[str]:
    """The blocks about which the chapter itself asserts nothing: none of its later cells has an ``assert`` that they reach.

    What is built reaches each name whose definition uses it, directly or through such names; a later definition without it
    cuts the name loose. It reaches an ``assert`` that uses such a name, or stands in a cell whose ``proves`` lists one.

    What this cannot see: whether the other side of the comparison is the package's, whether it is one of equality, an ``assert``
    inside a function, and what a call, a method or an index changes in a name that is already there.
    """
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    later = [(TransformerManager().transform_cell(c.source), frozenset(c.metadata.get("proves", ()))) for c in cells]
    return [cell.metadata.block["built"] for index, cell in enumerate(cells)
            if "block" in cell.metadata and not reaches_assert(cell.metadata.block["built"], later[index + 1:])]


def reaches_assert(name: str, cells: list[tuple[str, frozenset[str]]]) -> bool:
    """Whether an ``assert`` in these cells, each with the names that it proves, depends on a name that is defined before them.

    >>> reaches_assert("f", [("y = f(2)", frozenset()), ("z = y + 1\\nassert z == 5", frozenset())])
    True
    >>> reaches_assert("f", [("def g(f): return f", frozenset()), ("y = f(2)\\ny = 3\\nassert g(y) == 3", frozenset())])
    False
    """
    reached = {name}
    for source, proves in cells:
        for statement in _simple(ast.parse(source).body):
            uses, defines = _free_names(statement)
            if isinstance(statement, ast.Assert) and reached & (uses | proves):
                return True
            reached = reached | defines if uses & reached else reached - defines
    return False


def _simple(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements in order, loops and ``if`` and ``with`` taken apart; their own names come as assignments."""
    for statement in body:
        if isinstance(statement, ast.For):
            yield ast.Assign([statement.target], statement.iter)
        elif isinstance(statement, ast.With):
            yield from (ast.Assign([item.optional_vars], item.context_expr) for item in statement.items if item.optional_vars)
        elif not isinstance(statement, ast.If):
            yield statement
            continue
        yield from _simple([*statement.body, *getattr(statement, "orelse", [])])


def _free_names(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """Names of the notebook that a statement uses, also inside a function (but not its parameters), and those that it defines."""
    top = symtable.symtable(ast.unparse(ast.fix_missing_locations(statement)), "cell", "exec")
    uses, pending = {s.get_name() for s in top.get_symbols() if s.is_referenced()}, list(top.get_children())
    while pending:
        table = pending.pop()
        uses |= {s.get_name() for s in table.get_symbols() if s.is_global()}
        pending += table.get_children()
    defines = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    return uses | defines if isinstance(statement, ast.AugAssign) else uses, defines


def names(source: str) -> tuple[set[str], set[str]]:
    """Names that a cell uses, and names that it defines at its top level or inside an ``if`` or ``with`` there.

    What a function defines inside itself is counted as used too: that may run a cell more than necessary, never one less.
    """
    tree = ast.parse(source)
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} - set(dir(builtins))
    defined: set[str] = set()
    pending = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            defined |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            defined.add(node.id)
        elif not isinstance(node, ast.Lambda | ast.ListComp | ast.DictComp | ast.SetComp | ast.GeneratorExp):
            pending += ast.iter_child_nodes(node)
    return used, defined


def compare(block: Block, seed: int = 0) -> None:
    """Run the block and the package's object on the same random inputs; AssertionError if they differ."""
    import torch

    namespace: dict[str, Any] = {"rng": np.random.default_rng(seed), "torch": torch, "np": np}
    for cell in block.cells:
        exec(compile(cell, f"<block {block.built}>", "exec"), namespace)
    module, _, name = block.equals.rpartition(".")
    ours, theirs = namespace[block.built], getattr(import_module(module), name)
    torch.manual_seed(seed)
    if block.init is not None:
        arguments = eval(block.init, namespace)
        theirs = theirs(*arguments).eval()
        ours = ours(*arguments).eval()
        for weight in theirs.parameters():
            if not weight.any():  # one that starts at zero would hide what comes before it
                torch.nn.init.normal_(weight, std=0.1)
        ours.load_state_dict(theirs.state_dict())
    inputs = eval(block.inputs, namespace)
    assert_same(ours(*inputs), theirs(*inputs), block)


def assert_same(ours: Any, theirs: Any, block: Block) -> None:
    """Equal to five digits, through tuples and lists; arrays and tensors are compared as numbers."""
    if isinstance(theirs, tuple | list):
        assert len(ours) == len(theirs), f"{block.built} returns {len(ours)} things, {block.equals} {len(theirs)}"
        for a, b in zip(ours, theirs):
            assert_same(a, b, block)
        return
    ours, theirs = (x.detach() if hasattr(x, "detach") else x for x in (ours, theirs))
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-5, atol=1e-6,
                               err_msg=f"{block.built} differs from {block.equals}")
