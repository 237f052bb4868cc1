"""Packs the modules that always run into one file: fewer bytes of the board's heap, and a quicker start (ADR 0013).

What the root's imports at the top level reach runs from power-on to power-off, and becomes one module in the root's
place. All else stays a file of its own (lent, loaded when it is first wanted, or a driver that the configuration
names), and imports from the pack. Constants are written out wherever they are used, and are names no more; what nothing
uses is left out.
"""

import ast
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from paraat.provision.bundle.program import LENT, Binding, External, Module, PackError, Program, Ref, Walk

# The module in whose place the pack is put: where main.py, and who has a board on the console, find what runs.
ROOT = "node.node"
# Modules of this package are loaded by the name that the configuration gives.
_BY_NAME = "drivers."
# What other modules call the pack where they use it as a module.
_PACK = "_pack"

_Constant = int | str | bytes | None
_OPERATORS: dict[type[ast.operator], Callable[..., _Constant]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}
_CONST = External("micropython", "const")


def pack(sources: Mapping[str, str], root: str = ROOT) -> dict[str, str]:
    """The firmware's sources, by path, with one module in the place of those that the root reaches. Raises PackError."""
    program = Program(sources)
    packed = program.reached(root)
    survey = _Survey(program, packed)
    for module in program.modules.values():
        survey.look_at(module)
    constants = _Constants(program, survey.opaque)
    for ref in survey.idle():
        module = program.modules[ref.module]
        module.tree.body = [node for node in module.tree.body if _made_by(node) != ref.name]
        del module.tops[ref.name]
    names = _choose_names(program, packed, survey, constants)
    plan = _Plan(root, frozenset(packed), constants, names)
    out = {
        module.path: _text(_Outside(program, module, plan).written())
        for name, module in program.modules.items()
        if name not in plan.packed
    }
    body: list[ast.stmt] = []
    imports: dict[str, External] = {}
    for name in packed:
        inside = _Inside(program, program.modules[name], plan)
        body += inside.written()
        for alias, found in inside.imports.items():
            if imports.setdefault(alias, found) != found:
                raise PackError(f"{inside.module.path}: {alias} is imported as something else than in other modules")
        if name.startswith(_BY_NAME):
            out[program.modules[name].path] = _text(_stub(program.modules[name], plan))
    out[program.modules[root].path] = _text(_without_const([*_import_statements(imports), *body]))
    return out


def _text(body: list[ast.stmt]) -> str:
    return ast.unparse(ast.fix_missing_locations(ast.Module(body, []))) + "\n"


class _Constants:
    """The names at the top level that are bound once, to a value that the syntax tells."""

    def __init__(self, program: Program, opaque: set[str]) -> None:
        self._program = program
        self._opaque = (
            opaque  # names that somebody may reach, who knows from where: they stay, beside what is written out
        )
        self._values: dict[Ref, _Constant] = {}
        while self._find():
            pass

    def __contains__(self, ref: Binding) -> bool:
        return ref in self._values

    def vanishes(self, ref: Binding) -> bool:
        """Whether nothing needs the name itself."""
        return isinstance(ref, Ref) and ref in self._values and ref.name not in self._opaque

    def literal(self, ref: Binding) -> ast.expr:
        assert isinstance(ref, Ref)
        value = self._values[ref]
        if isinstance(value, int) and value < 0:  # as a literal it would bind weaker than what stands around it
            return ast.UnaryOp(ast.USub(), ast.Constant(-value))
        return ast.Constant(value)

    def _find(self) -> bool:
        known = len(self._values)
        for module in self._program.modules.values():
            stored = [n for n in ast.walk(module.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
            bound = Counter(name.id for name in stored)
            for node in module.tree.body:
                if isinstance(node, ast.Assign) and len(node.targets) == 1:
                    for name, value in self._assigned(module, node.targets[0], node.value):
                        if bound[name] == 1:
                            self._values[Ref(module.name, name)] = value
        return len(self._values) > known

    def _assigned(self, module: Module, target: ast.expr, value: ast.expr) -> Iterable[tuple[str, _Constant]]:
        match target, value:
            case ast.Name(), _:
                try:
                    yield target.id, self._evaluate(Walk(self._program, module), value)
                except _NotConstantError:
                    return
            case ast.Tuple(), ast.Call(func=ast.Name("range"), args=[ast.Constant(int(count))]):
                yield from ((name.id, i) for i, name in enumerate(target.elts[:count]) if isinstance(name, ast.Name))

    def _evaluate(self, walk: Walk, node: ast.expr) -> _Constant:
        match node:
            case ast.Constant(int() | str() | bytes() | None as value):
                return value
            case ast.UnaryOp(ast.USub(), ast.Constant(int(value))):
                return -value
            case ast.BinOp(left, operation, right) if type(operation) in _OPERATORS:
                try:
                    return _OPERATORS[type(operation)](self._evaluate(walk, left), self._evaluate(walk, right))
                except TypeError as error:
                    raise _NotConstantError from error
            case ast.Call(func, [value]) if walk.resolve(func) == _CONST:
                return self._evaluate(walk, value)
            case ast.Name() | ast.Attribute() if (ref := walk.resolve(node)) in self:
                assert isinstance(ref, Ref)
                return self._values[ref]
        raise _NotConstantError


class _NotConstantError(Exception):
    """Raised when the syntax does not tell a value."""


class _Survey(Walk):
    """What must be known of all modules before one of them is written anew.

    uses: what a function, class or table at the top level refers to; under None what is needed in any case. opaque: names that are looked up in what may be anything. free: that the packed modules expect to be built in.
    mentioned: all names. hidden: what is meant at the top level of the pack where a function has another of that name.
    """

    def __init__(self, program: Program, packed: Sequence[str]) -> None:
        self._packed = packed
        self._owner: Ref | None = None
        self.uses: dict[Ref | None, set[Ref]] = {None: set()}
        self.opaque: set[str] = set()
        self.free: set[str] = set()
        self.mentioned: set[str] = set()
        self.hidden_refs: set[Ref] = set()
        self.program = program

    def look_at(self, module: Module) -> None:
        super().__init__(self.program, module)
        for node in module.tree.body:
            self._owner = self._can_be_left_out(node)
            self.uses.setdefault(self._owner, set())
            self.visit(node)

    def _can_be_left_out(self, node: ast.stmt) -> Ref | None:
        """What this statement makes, where it does nothing else and nobody finds it without the packer seeing it."""
        name = _made_by(node)
        module = self.module.name
        if name is None or module not in self._packed[:-1]:
            return None
        return None if module.startswith(_BY_NAME) and not name.startswith("_") else Ref(module, name)

    def idle(self) -> set[Ref]:
        """What nothing that runs refers to, at first or second hand."""
        needed: set[Ref] = set()
        waiting = list(self.uses[None])
        while waiting:
            ref = waiting.pop()
            if ref not in needed:
                needed.add(ref)
                waiting += self.uses.get(ref, ())
        return {ref for ref in self.uses if ref is not None and ref not in needed and ref.name not in self.opaque}

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        found = self.resolve(node)
        if found is None:
            base = self.resolve(node.value)
            if isinstance(base, Ref) and not base.name:
                raise self.module.error(node, f"{ast.unparse(node)}: {base.module} has no {node.attr}")
            self.opaque.add(node.attr)
        else:
            self._refers_to(found)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        self.mentioned.add(node.id)
        bound, binding = self.lookup(node.id)
        if not bound and self.module.name in self._packed:
            self.free.add(node.id)
        self._refers_to(self.program.resolve(binding))
        return node

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> ast.AST:
        if self.module.name not in self._packed:  # it may be looked up there
            for alias in node.names:
                self._refers_to(self.program.resolve(self.program.imported(self.module, node, alias)))
        return node

    visit_ImportFrom = visit_Import

    def visit_arg(self, node: ast.arg) -> ast.AST:
        self.mentioned.add(node.arg)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str):  # getattr(module, "NAME")
            self.opaque.add(node.value)
        return node

    def _refers_to(self, found: Binding) -> None:
        if isinstance(found, Ref) and found != self._owner:
            self.uses[self._owner].add(found)
        if isinstance(found, Ref) and found.name and self.module.name in self._packed and self.is_hidden(found):
            self.hidden_refs.add(found)


def _made_by(node: ast.stmt) -> str | None:
    """The name of a function, a class or a table of literals; None for a statement that does more."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name
    match node:
        case ast.Assign([ast.Name(name)], value) if not any(isinstance(n, ast.Call) for n in ast.walk(value)):
            return name
    return None


def _choose_names(program: Program, packed: list[str], survey: _Survey, constants: _Constants) -> dict[Ref, str]:
    """What each name of the packed modules is called in the pack: as it was, or with its module's name before it."""
    own = [
        binding
        for name in packed
        for top, binding in program.modules[name].tops.items()
        if binding == Ref(name, top) and not constants.vanishes(binding)
    ]
    owners = Counter(ref.name for ref in own)
    others = survey.free.union(
        *({top for top, found in program.modules[name].tops.items() if isinstance(found, External)} for name in packed)
    )
    names = {}
    for ref in own:
        shared = owners[ref.name] > 1 and ref.module != packed[-1]
        if not shared and ref.name not in others and ref not in survey.hidden_refs:
            names[ref] = ref.name
            continue
        private = "_" if ref.name.startswith("_") else ""
        name = f"{private}{ref.module.rpartition('.')[2]}_{ref.name.removeprefix('_')}"
        while name in survey.mentioned or name in owners:
            name += "_"
        owners[name] += 1
        names[ref] = name
    return names


class _Plan:
    """What was decided. names: of what the packed modules have at their top level, in the pack."""

    def __init__(self, root: str, packed: frozenset[str], constants: _Constants, names: Mapping[Ref, str]) -> None:
        self.root = root
        self.packed = packed
        self.constants = constants
        self.names = names

    def is_packed(self, found: Binding) -> bool:
        return isinstance(found, Ref) and found.module in self.packed


class _Writer(Walk):
    """Writes a module anew. What is common to those in the pack and those outside."""

    def __init__(self, program: Program, module: Module, plan: _Plan) -> None:
        super().__init__(program, module)
        self.plan = plan

    def written(self) -> list[ast.stmt]:
        self.visit(self.module.tree)
        return self.module.tree.body

    def visit(self, node: ast.AST) -> Any:
        found = super().visit(node)
        if isinstance(found, ast.stmt) and getattr(found, "body", None) == []:
            found.body = [ast.Pass()]  # type: ignore[attr-defined]
        return found

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        if not self.scopes and len(node.targets) == 1:
            (target,) = node.targets
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            if all(isinstance(n, ast.Name) and self.plan.constants.vanishes(self.resolve(n)) for n in names):
                return None
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if self.resolve(node.func) == Ref(*LENT):
            for arg in node.args:
                if not isinstance(arg, ast.Constant) or arg.value not in self.program.modules:
                    raise self.module.error(node, "lent() takes the names of modules of the firmware, as they stand")
                if arg.value in self.plan.packed:
                    raise self.module.error(
                        node,
                        f'lent("{arg.value}"): it runs always, as {self.plan.root} reaches it by imports at the top '
                        "level; import it there, or make those imports lent too",
                    )
        return self.generic_visit(node)

    def literal(self, node: ast.Name | ast.Attribute) -> ast.expr | None:
        found = self.resolve(node)
        if isinstance(node.ctx, ast.Load) and found in self.plan.constants:
            return self.plan.constants.literal(found)
        return None

    def as_value(self, node: ast.AST, found: Binding) -> PackError:
        assert isinstance(found, Ref)
        return self.module.error(node, f"{found.module} is packed and no module of its own: name what is used of it")

    def import_kept(self, node: ast.Import | ast.ImportFrom, alias: ast.alias, found: Binding) -> bool:
        """Whether a name is still imported as the source says."""
        if found in self.plan.constants or self.plan.is_packed(found):
            return False
        if found is None:
            raise self.module.error(node, f"{ast.unparse(node)}: there is no {alias.name}")
        return True


class _Inside(_Writer):
    """A module that becomes a part of the pack. imports: what it needs of MicroPython, by the name that it uses."""

    def __init__(self, program: Program, module: Module, plan: _Plan) -> None:
        super().__init__(program, module, plan)
        self.imports: dict[str, External] = {}

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> ast.AST | None:
        kept = []
        for alias in node.names:
            found = self.program.resolve(self.program.imported(self.module, node, alias))
            if not self.import_kept(node, alias, found):
                continue
            if isinstance(found, External) and not self.scopes:
                self.imports[alias.asname or alias.name] = found
            else:
                kept.append(alias)
        node.names = kept
        return node if kept else None

    visit_ImportFrom = visit_Import

    def visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> ast.AST:
        if not self.scopes and not isinstance(node, ast.Lambda):
            node.name = self.plan.names[Ref(self.module.name, node.name)]
        return super().visit_function(node)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = visit_function

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        if not self.scopes:
            node.name = self.plan.names[Ref(self.module.name, node.name)]
        return super().visit_ClassDef(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        found = self.resolve(node)
        if not self.plan.is_packed(found):
            return self.literal(node) or node
        assert isinstance(found, Ref)
        if not found.name:
            raise self.as_value(node, found)
        return self.literal(node) or ast.Name(self.plan.names[found], node.ctx)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        found = self.resolve(node)
        if not isinstance(found, Ref):
            return self.generic_visit(node)
        if not self.plan.is_packed(found):
            return self.literal(node) or node
        if not found.name:
            raise self.as_value(node, found)
        if not isinstance(node.ctx, ast.Load):
            raise self.module.error(node, f"{ast.unparse(node)}: set it in its own module, by a function")
        return self.literal(node) or ast.Name(self.plan.names[found], node.ctx)

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = [self.plan.names[Ref(self.module.name, name)] for name in node.names]
        return node


class _Outside(_Writer):
    """A module that stays a file of its own."""

    def __init__(self, program: Program, module: Module, plan: _Plan) -> None:
        super().__init__(program, module, plan)
        self._at_top = False  # whether it imports a packed module for as long as it lives

    def written(self) -> list[ast.stmt]:
        body = super().written()
        if self._at_top and any(isinstance(node, ast.Name) and node.id == _PACK for node in ast.walk(self.module.tree)):
            body = [self._whole(), *body]
        return _without_const(body)

    def _whole(self) -> ast.stmt:
        package, _, leaf = self.plan.root.rpartition(".")
        return ast.ImportFrom(package, [ast.alias(leaf, _PACK)], 0)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> list[ast.stmt]:
        kept: list[ast.alias] = []
        of_pack: list[ast.alias] = []
        whole = False
        for alias in node.names:
            found = self.program.resolve(self.program.imported(self.module, node, alias))
            if self.import_kept(node, alias, found):
                kept.append(alias)
            elif isinstance(found, Ref) and found not in self.plan.constants:
                if found.name:
                    of_pack.append(_alias(self.plan.names[found], alias.asname or alias.name))
                else:
                    whole = True
        out: list[ast.stmt] = []
        if kept:
            node.names = kept
            out.append(node)
        if of_pack:
            out.append(ast.ImportFrom(self.plan.root, of_pack, 0))
        if whole and self.scopes:
            out.append(self._whole())
        elif whole:
            self._at_top = True  # written() adds it once
        return out

    visit_ImportFrom = visit_Import

    def visit_Name(self, node: ast.Name) -> ast.AST:
        found = self.resolve(node)
        if self.plan.is_packed(found) and isinstance(found, Ref) and not found.name:
            raise self.as_value(node, found)
        return self.literal(node) or node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        found = self.resolve(node)
        if not isinstance(found, Ref):
            return self.generic_visit(node)
        if self.plan.is_packed(found) and not found.name:
            raise self.as_value(node, found)
        literal = self.literal(node)
        if literal is None and self.plan.is_packed(self.resolve(node.value)):
            if not isinstance(node.value, ast.Name):
                raise self.module.error(node, f"{ast.unparse(node)}: import {found.module} itself")
            return ast.Attribute(ast.Name(_PACK, ast.Load()), self.plan.names[found], node.ctx)
        return literal or node


def _stub(module: Module, plan: _Plan) -> list[ast.stmt]:
    """What stands in the place of a packed driver, for who loads it by its name."""
    own = [(name, plan.names.get(Ref(module.name, name))) for name in module.tops if not name.startswith("_")]
    return [ast.ImportFrom(plan.root, [_alias(in_pack, name) for name, in_pack in own if in_pack is not None], 0)]


def _alias(name: str, wanted: str) -> ast.alias:
    return ast.alias(name, None if name == wanted else wanted)


def _import_statements(imports: Mapping[str, External]) -> list[ast.stmt]:
    """One statement a module."""
    plain = [_alias(found.module, alias) for alias, found in imports.items() if not found.name]
    parts: dict[str, list[ast.alias]] = {}
    for alias, found in sorted(imports.items()):
        if found.name:
            parts.setdefault(found.module, []).append(_alias(found.name, alias))
    out: list[ast.stmt] = [ast.Import([alias]) for alias in sorted(plain, key=lambda alias: alias.name)]
    return out + [ast.ImportFrom(module, names, 0) for module, names in sorted(parts.items())]


def _without_const(body: list[ast.stmt]) -> list[ast.stmt]:
    """Without the import of const, where all its calls are gone."""
    if any(isinstance(node, ast.Name) and node.id == _CONST.name for stmt in body for node in ast.walk(stmt)):
        return body
    kept = []
    for stmt in body:
        if isinstance(stmt, ast.ImportFrom) and stmt.module == _CONST.module:
            stmt.names = [alias for alias in stmt.names if alias.name != _CONST.name]
            if not stmt.names:
                continue
        kept.append(stmt)
    return kept
