"""The firmware's sources as one program: which module a name comes from, told from the syntax alone.

The firmware is written plainly enough for that: imports at the top or in a function, `with lent("node.x") as x`, no
module in a variable. What cannot be told stays opaque, and what must be told and cannot be is a PackError that names
file and line.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

LENT = ("node.lent", "lent")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_OWN_SCOPES = (*_FUNCTIONS, *_COMPREHENSIONS, ast.ClassDef)


class PackError(Exception):
    """Raised when the firmware cannot be packed. str() names file and line, and what to write instead."""


class Ref(NamedTuple):
    """A module of the firmware (`name` is empty), or a name at the top level of one."""

    module: str
    name: str = ""


class External(NamedTuple):
    """A module of MicroPython, or (`name` not empty) something of it."""

    module: str
    name: str = ""


# What a name is bound to; None where only the running program knows.
Binding = Ref | External | None
Scope = dict[str, Binding]


class Module:
    """One source. path: on the board. tops: its names at the top level; own ones are a Ref to themselves."""

    def __init__(self, name: str, path: str, text: str) -> None:
        self.name = name
        self.path = path
        self.is_package = path.endswith("__init__.py")
        try:
            self.tree = ast.parse(text, path)
        except SyntaxError as error:
            raise PackError(f"{path}:{error.lineno}: {error.msg}") from error
        self.tops: Scope = {}

    def error(self, node: ast.AST, text: str) -> PackError:
        return PackError(f"{self.path}:{getattr(node, 'lineno', 0)}: {text}")


class Program:
    """All modules of the firmware. sources: text by path, folder/file.py."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.modules: dict[str, Module] = {}
        for path in sorted(sources):
            name = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
            self.modules[name] = Module(name, path, sources[path])
        for module in self.modules.values():
            module.tops = self.scope_of(module, module.tree.body, top=True)

    def reached(self, root: str) -> list[str]:
        """The modules that the root's imports at the top level load, in the order in which they run; the root is last."""
        done: list[str] = []
        open_: list[str] = []

        def load(name: str) -> None:
            if name in done:
                return
            if name in open_:
                raise PackError(f"{self.modules[name].path}: imports in a circle: {' -> '.join([*open_, name])}")
            open_.append(name)
            for other in self._loads(self.modules[name]):
                load(other)
            open_.pop()
            done.append(name)

        if root not in self.modules:
            raise PackError(f"{root}: there is no such module in the firmware")
        load(root)
        return done

    def _loads(self, module: Module) -> Iterator[str]:
        package = module.name.rpartition(".")[0]
        if package in self.modules:
            yield package
        for node in _statements(module.tree.body):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for alias in node.names:
                    binding = self.imported(module, node, alias)
                    if isinstance(binding, Ref):
                        parent = binding.module.rpartition(".")[0]
                        yield from (name for name in (parent, binding.module) if name in self.modules)

    def imported(self, module: Module, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> Binding:
        """What one name of an import statement is. Raises PackError for what cannot be told."""
        if isinstance(node, ast.Import):
            if alias.name in self.modules:
                raise module.error(node, f"import {alias.name}: write `from ... import ...` instead")
            return External(alias.name)
        source = self._source(module, node)
        if alias.name == "*":
            raise module.error(node, f"from {source} import *: name what is needed")
        inner = f"{source}.{alias.name}"
        if inner in self.modules:
            return Ref(inner)
        if source in self.modules:
            return Ref(source, alias.name)
        return External(source, alias.name)

    def _source(self, module: Module, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = module.name if module.is_package else module.name.rpartition(".")[0]
        for _ in range(node.level - 1):
            package = package.rpartition(".")[0]
        return f"{package}.{node.module}" if node.module else package

    def scope_of(self, module: Module, body: Iterable[ast.AST], *, top: bool = False) -> Scope:
        """The names that these statements bind, without those of functions, classes and comprehensions in them."""
        scope: Scope = {}
        elsewhere: set[str] = set()

        def bind(name: str, binding: Binding) -> None:
            scope[name] = binding if scope.get(name, binding) == binding else None

        nodes = list(_statements(body))
        of_with = {node.optional_vars for node in nodes if isinstance(node, ast.withitem)}
        for node in nodes:
            match node:
                case ast.Import() | ast.ImportFrom():
                    for alias in node.names:
                        bind(alias.asname or alias.name.partition(".")[0], self.imported(module, node, alias))
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    bind(node.name, Ref(module.name, node.name) if top else None)
                case ast.ExceptHandler(name=str(name)):
                    bind(name, None)
                case ast.withitem(optional_vars=ast.Name() as name):
                    bind(name.id, self._lent(module, node.context_expr))
                case ast.Name(ctx=ast.Store() | ast.Del()):
                    if node not in of_with:
                        bind(node.id, Ref(module.name, node.id) if top else None)
                case ast.Global() | ast.Nonlocal():
                    elsewhere.update(node.names)
        return {name: binding for name, binding in scope.items() if name not in elsewhere}

    def _lent(self, module: Module, call: ast.expr) -> Binding:
        names = lent_names(call)
        if names is None:
            return None
        if names[0] not in self.modules:
            raise module.error(call, f"lent({names[0]!r}): there is no such module in the firmware")
        return Ref(names[0])

    def resolve(self, binding: Binding) -> Binding:
        """Where a name really comes from: an import of an import is followed to its end."""
        while isinstance(binding, Ref) and binding.name:
            inner = f"{binding.module}.{binding.name}"
            if inner in self.modules:
                return Ref(inner)
            found = self.modules[binding.module].tops.get(binding.name)
            if found is None or found == binding:
                return found
            binding = found
        return binding


def lent_names(call: ast.expr) -> tuple[str, ...] | None:
    """The modules that lent("node.x", ...) names; None where it is no such call."""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id != LENT[1]:
        return None
    return tuple(str(arg.value) if isinstance(arg, ast.Constant) else "" for arg in call.args) or ("",)


def _statements(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes below, without the insides of what has a scope of its own."""
    for node in body:
        yield node
        if isinstance(node, _OWN_SCOPES):
            continue
        yield from _statements(ast.iter_child_nodes(node))


class Walk(ast.NodeTransformer):
    """Visits one module and knows at each node what its names are bound to."""

    def __init__(self, program: Program, module: Module) -> None:
        self.program = program
        self.module = module
        self.scopes: list[tuple[bool, Scope]] = []  # (whether it is a class's, names), the innermost last

    def lookup(self, name: str) -> tuple[bool, Binding]:
        """(whether the module or a function of it binds this name, what to)."""
        for depth, (is_class, scope) in enumerate(reversed(self.scopes)):
            if name in scope and not (is_class and depth):
                return True, scope[name]
        return name in self.module.tops, self.module.tops.get(name)

    def is_hidden(self, ref: Ref) -> bool:
        """Whether a function around this place has another thing of this name."""
        return any(
            ref.name in scope and self.program.resolve(scope[ref.name]) != ref
            for is_class, scope in self.scopes
            if not is_class
        )

    def resolve(self, node: ast.expr) -> Binding:
        """What a name or an attribute of a module is; None where only the running program knows."""
        if isinstance(node, ast.Name):
            return self.program.resolve(self.lookup(node.id)[1])
        if isinstance(node, ast.Attribute):
            base = self.resolve(node.value)
            if isinstance(base, Ref) and not base.name:
                return self.program.resolve(Ref(base.module, node.attr))
        return None

    # --- scopes ---

    def _inside(self, node: ast.AST, scope: Scope, fields: Iterable[str], *, is_class: bool = False) -> None:
        self.scopes.append((is_class, scope))
        for field in fields:
            self._visit_field(node, field)
        self.scopes.pop()

    def _visit_field(self, node: ast.AST, field: str) -> None:
        value = getattr(node, field)
        if isinstance(value, list):
            new = []
            for item in value:
                found = self.visit(item)
                new += found if isinstance(found, list) else [] if found is None else [found]
            setattr(node, field, new)
        elif isinstance(value, ast.AST):
            setattr(node, field, self.visit(value))

    def visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> ast.AST:
        self._visit_field(node.args, "defaults")
        node.args.kw_defaults = [None if value is None else self.visit(value) for value in node.args.kw_defaults]
        if not isinstance(node, ast.Lambda):
            self._visit_field(node, "decorator_list")
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        scope = self.program.scope_of(self.module, body)
        scope.update({arg.arg: None for arg in arguments(node)})
        self._inside(node, scope, ("body",))
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = visit_function

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        for field in ("bases", "keywords", "decorator_list"):
            self._visit_field(node, field)
        self._inside(node, self.program.scope_of(self.module, node.body), ("body",), is_class=True)
        return node

    def visit_comprehension_(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> ast.AST:
        first = node.generators[0]
        self._visit_field(first, "iter")
        scope = self.program.scope_of(self.module, [part.target for part in node.generators])
        self.scopes.append((False, scope))
        for part in node.generators:
            if part is not first:
                self._visit_field(part, "iter")
            self._visit_field(part, "target")
            self._visit_field(part, "ifs")
        for field in ("key", "value") if isinstance(node, ast.DictComp) else ("elt",):
            self._visit_field(node, field)
        self.scopes.pop()
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_comprehension_


def arguments(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[ast.arg]:
    """All parameters of a function."""
    found = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return found + [arg for arg in (node.args.vararg, node.args.kwarg) if arg is not None]
