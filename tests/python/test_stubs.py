"""What is documented is what is there: signatures, stubs, docstrings and their examples."""

import ast
import doctest
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import skiplith

PACKAGE = Path(inspect.getfile(skiplith)).parent
STUB = ast.parse((PACKAGE / "_core" / "__init__.pyi").read_text())

Parameter = tuple[str, Any, str | None]  # name, kind, default

CLASSES = [
    skiplith.DB,
    skiplith.KeysRange,
    skiplith.ValuesRange,
    skiplith.ItemsRange,
    skiplith.RangeIterator,
    skiplith.Cursor,
    skiplith.Batch,
    skiplith.Snapshot,
    skiplith.Transaction,
]


def stub_parameters(function: ast.FunctionDef) -> list[Parameter]:
    """Without self; defaults as source text."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    kinds: list[Any] = [inspect.Parameter.POSITIONAL_ONLY] * len(arguments.posonlyargs)
    kinds += [inspect.Parameter.POSITIONAL_OR_KEYWORD] * len(arguments.args)
    defaults = [None] * (len(positional) - len(arguments.defaults))
    texts = [*defaults, *(ast.unparse(default) for default in arguments.defaults)]
    found: list[Parameter] = [
        (a.arg, kind, text) for a, kind, text in zip(positional, kinds, texts, strict=True)
    ]
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        text = None if default is None else ast.unparse(default)
        found.append((argument.arg, inspect.Parameter.KEYWORD_ONLY, text))
    if arguments.kwarg is not None:
        found.append((arguments.kwarg.arg, inspect.Parameter.VAR_KEYWORD, None))
    return found[1:]


def shown(default: Any) -> str | None:
    if default is inspect.Parameter.empty:
        return None
    return "..." if default is ... else repr(default)


def runtime_parameters(function: Any) -> list[Parameter]:
    parameters = inspect.signature(function).parameters.values()
    return [(p.name, p.kind, shown(p.default)) for p in parameters][1:]


def stubbed(name: str) -> list[ast.FunctionDef]:
    """What the stub says of a class, its base in the stub included."""
    bound = next(n for n in STUB.body if isinstance(n, ast.ClassDef) and n.name == name)
    bases = {base.id for base in bound.bases if isinstance(base, ast.Name)}
    found = stubbed("_Reads") if "_Reads" in bases else []
    return found + [node for node in bound.body if isinstance(node, ast.FunctionDef)]


def stub_methods() -> Iterator[tuple[str, str, list[ast.FunctionDef]]]:
    for bound in CLASSES:
        methods: dict[str, list[ast.FunctionDef]] = {}
        for node in stubbed(bound.__name__):
            if not any(isinstance(d, ast.Name) and d.id == "property" for d in node.decorator_list):
                methods.setdefault(node.name, []).append(node)
        for name, overloads in methods.items():
            yield bound.__name__, name, overloads


@pytest.mark.parametrize(
    ("bound", "name", "overloads"),
    list(stub_methods()),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_signature_is_the_stubs(bound: str, name: str, overloads: list[ast.FunctionDef]) -> None:
    # Overloads narrow one signature; the one that leaves out least is the whole of it.
    whole = max(
        (stub_parameters(overload) for overload in overloads),
        key=lambda found: (len(found), sum(default is not None for _, _, default in found)),
    )
    assert runtime_parameters(getattr(getattr(skiplith, bound), name)) == whole


def test_every_public_attribute_is_stubbed() -> None:
    for bound in CLASSES:
        public = {
            name
            for name in vars(bound)
            if not name.startswith("_") or name in ("__enter__", "__exit__", "__reversed__")
        }
        assert public <= {node.name for node in stubbed(bound.__name__)}


def public_callables() -> Iterator[Any]:
    yield pytest.param(skiplith, id="skiplith")
    yield pytest.param(skiplith.open, id="open")
    for bound in CLASSES:
        yield pytest.param(bound, id=bound.__name__)
        for name, value in vars(bound).items():
            if callable(value) and not name.startswith("_"):
                yield pytest.param(getattr(bound, name), id=f"{bound.__name__}.{name}")


@pytest.mark.parametrize("documented", list(public_callables()))
def test_docstring_has_an_example_that_runs(
    documented: Any, db: skiplith.DB, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    doc = inspect.getdoc(documented) or ""
    names = {"db": db, "skiplith": skiplith}
    test = doctest.DocTestParser().get_doctest(doc, names, documented.__name__, None, None)
    assert test.examples
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    runner.run(test, out=report.append)
    assert report == []


@pytest.mark.parametrize("documented", list(public_callables()))
def test_docstring_is_written_in_full(documented: Any) -> None:
    doc = inspect.getdoc(documented) or ""
    assert max(len(line) for line in doc.splitlines()) <= 100
    assert doc == doc.strip()
    is_method = callable(documented) and not isinstance(documented, type)
    if is_method and documented.__name__ not in ("close",):
        assert "Raises" in doc


@pytest.mark.parametrize("name", sorted(set(skiplith.__all__) - {"__version__"}))
def test_public_names_know_where_they_live(name: str) -> None:
    public = getattr(skiplith, name)
    assert public.__doc__
    home = "skiplith._values" if name in ("Level", "Options", "Stats") else "skiplith"
    assert public.__module__ == home
    assert public.__name__ == public.__qualname__ == name


def test_nothing_is_public_by_accident() -> None:
    # pytest rewrites assertions in packages that have a plugin, with names that are no identifiers.
    public = {name for name in vars(skiplith) if name.isidentifier() and name[0] != "_"}
    submodules = {"cli", "demo", "lab"}
    assert public - submodules == set(skiplith.__all__) - {"__version__"}


def test_the_package_says_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()
