"""A chapter's exercises: what each asks, how it is checked, and the cells of its solution. And its blocks as exercises.

The chapters write them with sphinx-exercise:

    ````{exercise} Implement                a statement that ends with the check, in a python fence:
    :label: image-implement                 dots stand for an answer to be typed in, names for what the reader writes
    ...
    ```python
    check.folded_gates(fold)
    ```
    ````

    ```{solution-start} image-implement     then the solution's prose and cells,
    :class: dropdown
    ```
    ...
    ```{solution-end}
    ```
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from nbformat import NotebookNode

from blocks import names

DIRECTIVE = re.compile(
    r"^(?P<fence>`{3,}|:{3,})\{(?P<name>exercise|solution-start|solution-end)\}[ \t]*(?P<argument>.*)\n"
    r"(?P<body>(?:.*\n)*?)(?P=fence)[ \t]*$", re.MULTILINE)
ASK = re.compile(r"^(?P<fence>`{3,})python\n(?P<code>(?:.*\n)*?)(?P=fence)[ \t]*\n?", re.MULTILINE)


@dataclass
class Exercise:
    """One exercise: its label, title and statement (MyST), the cell that asks the check, the solution's cells.

    ``told`` is the whole solution as Markdown (MyST), its cells as python fences.
    """

    label: str
    title: str
    statement: str
    ask: str
    solution: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def parts(notebook: NotebookNode) -> list[NotebookNode | str | Exercise]:
    """The notebook in order: code cells, Markdown text, and exercises, which have taken their solutions in.

    Raises:
        ValueError: for an exercise that never asks ``check``, and a solution without its exercise.
    """
    found: list[NotebookNode | str | Exercise] = []
    by_label: dict[str, Exercise] = {}
    solving: Exercise | None = None
    for cell in notebook.cells:
        if cell.cell_type == "code":
            if solving:
                solving.solution.append(cell.source)
                solving.told.append(f"```python\n{cell.source}\n```")
            else:
                found.append(cell)
            continue
        position = 0
        for match in DIRECTIVE.finditer(cell.source):
            (solving.told if solving else found).append(cell.source[position:match.start()].strip())
            position = match.end()
            if match["name"] == "exercise":
                exercise = _exercise(match["argument"], match["body"])
                by_label[exercise.label] = exercise
                found.append(exercise)
            elif match["name"] == "solution-start":
                if match["argument"] not in by_label:
                    raise ValueError(f"solution {match['argument']} stands before its exercise, or has none")
                solving = by_label[match["argument"]]
            else:
                solving = None
        (solving.told if solving else found).append(cell.source[position:].strip())
    return [part for part in found if not isinstance(part, str) or part.strip()]


def exercises(notebook: NotebookNode) -> list[Exercise]:
    """The exercises alone, in order."""
    return [part for part in parts(notebook) if isinstance(part, Exercise)]


def _exercise(title: str, body: str) -> Exercise:
    options = re.match(r"(?:[ \t]*:[\w-]+:.*\n)*", body).group()
    label = re.search(r":label:\s*(\S+)", options)
    statement = body[len(options):]
    asks = [match for match in ASK.finditer(statement) if "check." in match["code"]]
    if not label or not asks:
        raise ValueError(f"exercise {title!r} needs a label and a python fence that calls check.NAME(...)")
    ask = asks[-1]
    return Exercise(label.group(1), title.strip(), (statement[:ask.start()] + statement[ask.end():]).strip(), ask["code"].strip())


def checks(exercise: Exercise) -> set[str]:
    """Names of the checks that the exercise asks.

    >>> checks(Exercise("a", "Predict", "", "check.mask_growth(...)"))
    {'mask_growth'}
    """
    calls = (node.func for node in ast.walk(ast.parse(exercise.ask)) if isinstance(node, ast.Call))
    return {call.attr for call in calls if isinstance(call, ast.Attribute) and getattr(call.value, "id", "") == "check"}


def stub(exercise: Exercise) -> str:
    """The cell that a student gets: the names that the check wants, to be filled in, and the check itself.

    A parameter with a default is a choice of the solution's, unless the statement's code names it.

    >>> solution = ["def add(a, b=1, step=7):\\n    return a + b\\ntotal = 3"]
    >>> print(stub(Exercise("a", "Implement", "Write `add(a, b=1)`.", "check.sums(add, total)", solution)))
    def add(a, b=1):
        raise NotImplementedError  # your code
    <BLANKLINE>
    total = ...  # your answer
    <BLANKLINE>
    check.sums(add, total)
    """
    missing = names(exercise.ask)[0]
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`+([^`]+)`+", exercise.statement))))
    pieces: dict[str, str] = {}
    for node in (node for cell in exercise.solution for node in ast.parse(cell).body):
        for name in missing & names(ast.unparse(node))[1]:
            if isinstance(node, ast.FunctionDef):
                pieces[name] = _empty_function(node, named)
            elif isinstance(node, ast.ClassDef):
                bases = f"({', '.join(map(ast.unparse, node.bases))})" if node.bases else ""
                methods = [_empty_function(item, named, "    ") for item in node.body if isinstance(item, ast.FunctionDef)]
                pieces[name] = f"class {name}{bases}:\n" + "\n\n".join(methods)
            else:
                pieces.setdefault(name, f"{name} = ...  # your answer")
    return "\n\n".join([*pieces.values(), exercise.ask])


def _empty_function(node: ast.FunctionDef, named: set[str], indent: str = "") -> str:
    """The function without its body, and without the parameters that have a default and are not among the names ``named``."""
    given = node.args
    places = [*given.posonlyargs, *given.args]
    defaults = dict(zip([a.arg for a in places[len(places) - len(given.defaults):]], given.defaults))
    defaults |= {a.arg: value for a, value in zip(given.kwonlyargs, given.kw_defaults) if value}
    left_out = defaults.keys() - named
    posonly, args, kwonly = ([a for a in some if a.arg not in left_out] for some in (given.posonlyargs, given.args, given.kwonlyargs))
    kept = ast.arguments(posonly, args, given.vararg, kwonly, [defaults.get(a.arg) for a in kwonly], given.kwarg,
                         [defaults[a.arg] for a in [*posonly, *args] if a.arg in defaults])
    return f"{indent}def {node.name}({ast.unparse(kept)}):\n{indent}    raise NotImplementedError  # your code"


def block_stub(source: str, built: str, equals: str) -> str:
    """The cell of a block (``tools/blocks.py``) that a student gets: each function without its body, all else as it stands.

    A comment beside ``return`` says what comes out, and is kept. So are the names of what a class holds: its weights are loaded by them.

    >>> print(block_stub("class Twice(nn.Module):\\n    def forward(self, x):\\n        return self.a * x  # (B, C)", "Twice", "nets.Twice"))
    # Build Twice. It has to equal nets.Twice.
    class Twice(nn.Module):
        # holds: a
        def forward(self, x):
            raise NotImplementedError  # your code -> (B, C)
    """
    lines = source.splitlines()
    for node in reversed(ast.parse(source).body):
        for function in reversed(node.body if isinstance(node, ast.ClassDef) else [node]):
            if isinstance(function, ast.FunctionDef):
                body = function.body[1:] if ast.get_docstring(function) else function.body
                comes_out = re.search(r"  # (.*)", lines[body[-1].end_lineno - 1]) if isinstance(body[-1], ast.Return) else None
                empty = f"{' ' * body[0].col_offset}raise NotImplementedError  # your code{f' -> {comes_out[1]}' if comes_out else ''}"
                lines[body[0].lineno - 1 : function.end_lineno] = [empty]
        if isinstance(node, ast.ClassDef):
            methods = {"add_module", *(item.name for item in node.body if isinstance(item, ast.FunctionDef))}
            used = dict.fromkeys(re.findall(r"\bself\.(\w+)", ast.get_source_segment(source, node)))
            if held := [name for name in used if name not in methods]:
                lines.insert(node.lineno, f"    # holds: {', '.join(held)}")
    return "\n".join([f"# Build {built}. It has to equal {equals}.", *lines])
