"""The arrows between the parts, read from the source: who imports whom, and what nobody of a part may import."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]

PARTS = {
    "protocol": "callgate_protocol",
    "transport": "callgate_transport",
    "native_host": "callgate_native_host",
    "broker": "callgate_broker",
    "client": "callgate",
}
"""Source root → the one package in it."""

ARROWS = {
    "callgate_protocol": set(),
    "callgate_transport": {"callgate_protocol"},
    "callgate_native_host": {"callgate_protocol", "callgate_transport"},
    "callgate_broker": {"callgate_protocol", "callgate_transport"},
    "callgate": {"callgate_protocol", "callgate_transport"},
}
"""Package → the packages of ours that it may import."""

WITHOUT_A_PROCESS = ("callgate.direct", "callgate_native_host.direct")
"""The one arrow that is not in the table: `isolation="none"` has the host's part of the work done in the client's
process. It is drawn when it is used, never by loading a module."""

BARE = ["callgate_protocol", "callgate_transport", "callgate_broker", "callgate_native_host"]
"""Packages whose `__init__` imports nothing, so that one module of them can be had without the others."""

SANS_IO = {"_socket", "asyncio", "cffi", "_cffi_backend", "multiprocessing", "select", "selectors", "signal", "socket"}
SANS_IO |= {"ssl", "subprocess", "threading", "_thread", "time", "zmq", "concurrent", "ctypes"}
"""What has no place in a package without sockets, threads, processes and clocks."""

FOREIGN_CODE = {"cffi", "_cffi_backend"}
CODEC = "callgate_protocol.codec"
WARDEN = ["callgate_broker.warden", "callgate_broker.service", "callgate_broker.__main__"]


class Import(NamedTuple):
    """One imported module, and where."""

    name: str
    place: str
    on_load: bool
    """Whether it happens when the importing module is loaded, not later in a function."""

    @property
    def top(self) -> str:
        return self.name.partition(".")[0]


def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name."""
    found = {}
    for root, package in PARTS.items():
        for path in sorted((ROOT / root / package).rglob("*.py")):
            words = path.relative_to(ROOT / root).with_suffix("").parts
            found[".".join(words[:-1] if words[-1] == "__init__" else words)] = path
    return found


MODULES = modules()


@functools.cache
def imports_of(module: str) -> list[Import]:
    """What a module imports, without what only type checkers see."""
    path = MODULES[module]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = read_imports(tree, module, is_package=path.name == "__init__.py", known=MODULES.__contains__)
    return [Import(name, f"{path.relative_to(ROOT)}:{line}", on_load) for name, line, on_load in found]


def read_imports(
    tree: ast.Module, module: str, *, is_package: bool, known: Callable[[str], bool]
) -> Iterator[tuple[str, int, bool]]:
    """(module, line, on load) of each import. `from a import b` names `a.b` when that is a module, else `a`."""
    pending: list[tuple[ast.AST, bool]] = [(tree, True)]
    while pending:
        node, on_load = pending.pop()
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno, on_load) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, module, is_package=is_package)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if known(inner) else base, node.lineno, on_load
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending.extend((each, on_load) for each in node.orelse)
        else:
            later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            pending.extend((each, on_load and not later) for each in ast.iter_child_nodes(node))


def absolute(node: ast.ImportFrom, module: str, *, is_package: bool) -> str:
    """The module after `from`, with leading dots resolved."""
    if not node.level:
        return node.module or ""
    words = module.split(".")
    above = words[: len(words) - node.level + is_package]
    return ".".join([*above, node.module] if node.module else above)


def package_of(module: str) -> str:
    return module.partition(".")[0]


def complain(wrong: list[str], rule: str) -> None:
    assert not wrong, rule + "\n  " + "\n  ".join(wrong)


@pytest.mark.parametrize(("root", "package"), PARTS.items())
def test_a_source_root_holds_one_package(root: str, package: str) -> None:
    """Each top-level folder of source holds the one package of its part, and that is typed."""
    folders = [path.name for path in (ROOT / root).iterdir() if path.is_dir() and path.name != "__pycache__"]

    assert folders == [package], f"{root}/ must hold the folder {package} and no other"
    assert (ROOT / root / package / "__init__.py").exists(), f"{root}/{package} is not a package"
    assert (ROOT / root / package / "py.typed").exists(), f"{root}/{package} has no py.typed"


@pytest.mark.parametrize("package", ARROWS)
def test_the_arrows_point_one_way(package: str) -> None:
    """A part imports only the parts below it, nowhere and at no time another one."""
    ours = set(PARTS.values())
    wrong = [
        f"{each.place} imports {each.name}"
        for module in MODULES
        if package_of(module) == package
        for each in imports_of(module)
        if each.top in ours - ARROWS[package] - {package}
        if (module, each.name) != WITHOUT_A_PROCESS or each.on_load
    ]
    complain(wrong, f"{package} may import {', '.join(sorted(ARROWS[package])) or 'no other part'} only:")


@pytest.mark.parametrize("package", PARTS.values())
def test_no_part_imports_the_tests(package: str) -> None:
    """What is shipped does not need what tests it."""
    wrong = [
        f"{each.place} imports {each.name}"
        for module in MODULES
        if package_of(module) == package
        for each in imports_of(module)
        if each.top in {"tests", "pytest", "hypothesis", "benchmarks"} and module != "callgate.pytest_plugin"
    ]
    complain(wrong, f"{package} imports test code:")


def test_the_way_without_a_process_is_taken_late() -> None:
    """The client's exception is there, it is one import inside a function, and nothing loads its module either."""
    module, wanted = WITHOUT_A_PROCESS
    drawn = [each for each in imports_of(module) if each.top == package_of(wanted)]
    loaded = [f"{each.place} loads {each.name}" for name in MODULES for each in imports_of(name) if each.name == module]

    assert [(each.name, each.on_load) for each in drawn] == [(wanted, False)]
    assert len(loaded) == 1, loaded
    assert not [each for name in MODULES for each in imports_of(name) if each.name == module and each.on_load]


def test_the_protocol_does_no_io() -> None:
    """No module of the protocol imports a socket, a thread, a process, a clock, an event loop or cffi."""
    wrong = [
        f"{each.place} imports {each.name}"
        for module in MODULES
        if package_of(module) == "callgate_protocol"
        for each in imports_of(module)
        if each.top in SANS_IO
    ]
    complain(wrong, "the protocol is sans-I/O:")


def test_only_the_native_host_imports_cffi() -> None:
    """Every other process can be started, and survives, without cffi; a client without a host process needs it."""
    wrong = [
        f"{each.place} imports {each.name}"
        for module in MODULES
        if package_of(module) != "callgate_native_host"
        for each in imports_of(module)
        if each.top in FOREIGN_CODE
    ]
    complain(wrong, "only callgate_native_host imports cffi:")


def test_only_the_codec_imports_msgpack() -> None:
    """Bytes are made and read in one file, where the bounds are checked."""
    wrong = [
        f"{each.place} imports {each.name}"
        for module in MODULES
        if module != CODEC
        for each in imports_of(module)
        if each.top in {"msgpack", "pickle", "marshal", "shelve"}
    ]
    complain(wrong, f"only {CODEC} encodes and decodes:")


@pytest.mark.parametrize("start", WARDEN)
def test_the_warden_needs_the_standard_library_only(start: str) -> None:
    """Whatever the warden imports, and what that imports, is the standard library or a module of ours like itself."""
    seen: set[str] = set()
    wrong, pending = [], [start]
    while pending:
        module = pending.pop()
        if module in seen:
            continue
        seen.add(module)
        for each in imports_of(module):
            if each.name in MODULES:
                pending.append(each.name)
            elif each.top not in sys.stdlib_module_names:
                wrong.append(f"{each.place} imports {each.name} (needed by {start})")
    complain(sorted(wrong), "the warden and all it imports are standard library only:")


def loading_graph(package: str) -> dict[str, set[str]]:
    """Module → the modules of the same package that it loads."""
    return {
        module: {each.name for each in imports_of(module) if each.on_load and each.name in MODULES} - {module}
        for module in MODULES
        if package_of(module) == package
    }


def find_cycle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one cycle in order, or nothing."""
    done: set[str] = set()

    def walk(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done or module not in graph:
            return []
        for following in sorted(graph[module]):
            if cycle := walk(following, [*path, module]):
                return cycle
        done.add(module)
        return []

    return next((cycle for module in sorted(graph) if (cycle := walk(module, []))), [])


@pytest.mark.parametrize("package", PARTS.values())
def test_modules_are_loaded_in_one_order(package: str) -> None:
    """Inside a part no module loads one that loads it."""
    cycle = find_cycle(loading_graph(package))

    assert not cycle, "import cycle: " + " → ".join(cycle)


def test_the_template_does_not_wait_for_what_few_libraries_need() -> None:
    """The first call of a program waits until the template has loaded everything that it imports at its beginning."""
    graph = loading_graph("callgate_native_host")
    seen, pending = set(), ["callgate_native_host.template"]
    while pending:
        module = pending.pop()
        if module not in seen:
            seen.add(module)
            pending += graph.get(module, ())

    assert "callgate_native_host.convert.table" in seen
    values = {"bstr", "safearray", "variant", "vartypes"}
    objects = {
        "activation",
        "activation_codes",
        "dispatch",
        "error_info",
        "error_objects",
        "factories",
        "functions",
        "placement",
        "served",
    }
    assert not [name for name in seen if name.rpartition(".")[2] in values | objects]


@pytest.mark.parametrize("package", BARE)
def test_a_package_by_itself_imports_nothing(package: str) -> None:
    """Importing one module of these packages loads no other one."""
    wrong = [f"{each.place} imports {each.name}" for each in imports_of(package) if each.name != "__future__"]
    complain(wrong, f"{package}/__init__.py must stay empty of imports:")


SOURCE = """
from __future__ import annotations
import os.path, zmq
from typing import TYPE_CHECKING
from . import sibling, VALUE
from .. import upper
from ..other import thing
if TYPE_CHECKING:
    import only_for_types
else:
    import only_to_run
class C:
    import in_class
    def f(self) -> None:
        import later
try:
    import perhaps
except ImportError:
    pass
"""


def test_the_reader_of_imports_sees_every_form() -> None:
    """Absolute, relative, conditional and late imports are found; those for type checkers are not."""
    known = {"p.q.sibling", "p.upper", "p.other"}
    found = {
        (name, on_load)
        for name, _, on_load in read_imports(ast.parse(SOURCE), "p.q.m", is_package=False, known=known.__contains__)
    }
    expected = {"__future__", "os.path", "zmq", "typing", "p.q.sibling", "p.q", "p.upper", "p.other"}
    expected |= {"only_to_run", "in_class", "perhaps"}

    assert {(name, True) for name in expected} | {("later", False)} == found
    relative = ast.parse("from . import sibling").body[0]
    assert isinstance(relative, ast.ImportFrom)
    assert absolute(relative, "p.q", is_package=True) == "p.q"


def test_a_cycle_is_found() -> None:
    """Three modules in a circle are a cycle, a diamond is none."""
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]
    assert find_cycle({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": set()}) == []
