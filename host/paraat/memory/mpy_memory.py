"""What a .mpy file takes of MicroPython's heap once it is imported, on a machine with words of a given width.

It counts what stays, after a collection: the module with its tables and constants, its functions with their bytecode,
its classes. Read from MicroPython's sources (1.24 to 1.28: py/persistentcode.c, emitglue.h, bc.h, objtype.c, map.c,
qstr.c), which allocate in blocks of four words. What a module makes by calling something at its import is not seen.
Bytecode and texts are as large on the chip as on the unix port, all else is half: so neither half nor all of what the
port says is the chip's figure.

Names are kept once for all modules: `names_bytes` counts those of a whole program.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from paraat.provision.bundle.names import rom_names

CHIP_WORD = 4
UNIX_PORT_WORD = 8

_VERSION = 6
# Kinds of constants.
_STR, _BYTES, _INT, _FLOAT, _COMPLEX, _TUPLE = 5, 6, 7, 8, 9, 10
_WITHOUT_DATA = (1, 2, 3, 4)  # None, False, True, ...
_SMALL_INT_BITS = 31
_MAP_SIZES = (0, 2, 4, 6, 8, 10, 12, 17, 23, 29, 37, 47, 59, 73, 97, 127, 167, 223, 293, 389, 521, 691, 919)
# Opcodes that leave something in the heap (py/bc0.h).
_LOAD_BUILD_CLASS = 0x54
_STORE_NAME, _STORE_GLOBAL = 0x16, 0x17
_BUILD_TUPLE, _BUILD_LIST, _BUILD_MAP = 0x2A, 0x2B, 0x2C
_MAKE_FUNCTION, _MAKE_FUNCTION_DEFARGS, _CALL_FUNCTION = 0x32, 0x33, 0x34
_MAKE_CLOSURE, _MAKE_CLOSURE_DEFARGS = 0x20, 0x21
_WITH_DEFAULTS = (_MAKE_FUNCTION_DEFARGS, _MAKE_CLOSURE_DEFARGS)
_NAME_POOL_INIT = 10  # the first pool of names in RAM holds twice as many
_NAME_CHUNK = 128
_HASH_AND_LENGTH = 3  # bytes, beside the pointer to a name's text


class MpyError(Exception):
    """Raised for a file that is no .mpy of this version, or holds machine code. str() says what is wrong."""


@dataclass(frozen=True)
class Code:
    """One function's code as the file holds it."""

    data: bytes
    children: tuple["Code", ...]

    @property
    def defaults(self) -> tuple[int, int]:
        """How many (positional arguments with a default, keyword-only arguments) it has."""
        _, _, default, keyword_only = _signature(self.data)
        return default, keyword_only


@dataclass(frozen=True)
class Mpy:
    """names: all that the file refers to, in its order. constants: (kind, data or constants)."""

    names: tuple[str, ...]
    constants: tuple["Constant", ...]
    code: Code


Constant = tuple[int, "bytes | tuple[Constant, ...]"]


@dataclass(frozen=True)
class _Operation:
    code: int
    argument: int
    extra: int = 0


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def bytes(self, count: int) -> bytes:
        if self._at + count > len(self._data):
            raise MpyError("ends in the middle")
        self._at += count
        return self._data[self._at - count : self._at]

    def byte(self) -> int:
        return self.bytes(1)[0]

    def uint(self) -> int:
        value = 0
        while True:
            byte = self.byte()
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                return value


def read(data: bytes) -> Mpy:
    """Parse a .mpy file. Raises MpyError."""
    reader = _Reader(data)
    header = reader.bytes(4)
    if header[:2] != b"M%c" % _VERSION:
        raise MpyError(f"no .mpy file of version {_VERSION}")
    if header[2] >> 2:
        raise MpyError("holds machine code, which this model does not count")
    name_count, constant_count = reader.uint(), reader.uint()
    names = tuple(_read_name(reader) for _ in range(name_count))
    constants = tuple(_read_constant(reader) for _ in range(constant_count))
    return Mpy(names, constants, _read_code(reader))


def _read_name(reader: _Reader) -> str:
    """A name by number, one that every MicroPython has, comes as ""."""
    length = reader.uint()
    if length & 1:
        return ""
    return reader.bytes((length >> 1) + 1)[:-1].decode()


def _read_constant(reader: _Reader) -> Constant:
    kind = reader.byte()
    if kind in _WITHOUT_DATA:
        return kind, b""
    length = reader.uint()
    if kind == _TUPLE:
        return kind, tuple(_read_constant(reader) for _ in range(length))
    data = reader.bytes(length)
    if kind in (_STR, _BYTES):
        reader.byte()
    return kind, data


def _read_code(reader: _Reader) -> Code:
    kind_and_length = reader.uint()
    if kind_and_length & 3:
        raise MpyError("holds machine code, which this model does not count")
    data = reader.bytes(kind_and_length >> 3)
    count = reader.uint() if kind_and_length & 4 else 0
    return Code(data, tuple(_read_code(reader) for _ in range(count)))


def _signature(data: bytes) -> tuple[int, int, int, int]:
    """(bytes of the signature, positional, those with a default, keyword-only arguments); py/bc.h."""
    at, byte = 1, data[0]
    positional, default, keyword_only, n = byte & 3, 0, 0, 0
    while byte & 0x80:
        byte = data[at]
        at += 1
        positional |= (byte & 4) << n
        keyword_only |= (byte >> 3 & 1) << n
        default |= (byte & 1) << n
        n += 1
    return at, positional, default, keyword_only


def _operations(data: bytes) -> Iterator[_Operation]:
    """The opcodes of a function, with the argument of those that have a number or a name."""
    at, *_ = _signature(data)
    info = cells = n = 0
    while True:
        byte = data[at]
        at += 1
        info |= (byte >> 1 & 0x3F) << 6 * n
        cells |= (byte & 1) << n
        n += 1
        if not byte & 0x80:
            break
    at += info + cells
    while at < len(data):
        code = data[at]
        at += 1
        form = 0x3A4 >> 2 * (code >> 4) & 3
        argument = 0
        if form in (1, 2):
            while True:
                byte = data[at]
                at += 1
                argument = argument << 7 | byte & 0x7F
                if not byte & 0x80:
                    break
        elif form == 3:
            at += 2 if data[at] & 0x80 else 1
        extra = data[at] if not code & 0x9E else 0
        at += not code & 0x9E
        yield _Operation(code, argument, extra)


def _map_room(entries: int, first: int = 0) -> int:
    """Entries that a dictionary has room for, which began with `first` and grew to hold so many."""
    return first if entries <= first else next(size for size in _MAP_SIZES if size >= entries)


class _Count:
    """Sums allocations, each rounded up to whole blocks."""

    def __init__(self, word: int) -> None:
        self.word = word
        self.bytes = 0

    def data(self, length: int) -> None:
        block = 4 * self.word
        self.bytes += -(-length // block) * block

    def words(self, count: int) -> None:
        self.data(count * self.word)

    def dictionary(self, room: int) -> None:
        self.words(4)
        self.words(2 * room)


def module_bytes(mpy: Mpy, word: int = CHIP_WORD, *, children: int = 0) -> int:
    """Heap that the module takes once it is imported, without its names.

    children: entries that its import adds to it besides its own, as a package gets one for each of its modules.
    """
    known = in_rom().union(mpy.names)
    count = _Count(word)
    count.words(4)
    count.words(-(-2 * len(mpy.names) // word) + len(mpy.constants))
    for constant in mpy.constants:
        _constant(constant, count, known)
    stored = 2 + len(_body(mpy.code, count))  # and __name__, __file__
    count.dictionary(_map_room(stored + children, first=1))
    return count.bytes


def _constant(constant: Constant, count: _Count, known: frozenset[str]) -> None:
    """known: names, which a text that is one of them takes no room beside."""
    kind, content = constant
    if isinstance(content, tuple):
        count.words(2 + len(content))
        for item in content:
            _constant(item, count, known)
    elif (kind == _BYTES and content) or (kind == _STR and content.decode() not in known):
        count.words(4)
        count.data(len(content) + 1)
    elif kind == _FLOAT:
        count.words(2)
    elif kind == _INT and int(content).bit_length() >= _SMALL_INT_BITS and count.word == CHIP_WORD:
        count.words(3)
        count.data(-(-int(content).bit_length() // 16) * 2)


def _body(code: Code, count: _Count) -> set[int]:
    """Count what running the body of a module or a class leaves. Returns the names that it stores, by number."""
    stored = set()
    operations = [_Operation(0, 0), *_operations(code.data), _Operation(0, 0), _Operation(0, 0)]
    for before, operation, after, last in zip(operations, operations[1:], operations[2:], operations[3:], strict=False):
        at, argument = operation.code, operation.argument
        if at in (_STORE_NAME, _STORE_GLOBAL):
            stored.add(argument)
        elif at == _MAKE_FUNCTION and before.code == _LOAD_BUILD_CLASS:
            _class(code.children[argument], count)
        elif at in (_MAKE_FUNCTION, _MAKE_FUNCTION_DEFARGS):
            _function(code.children[argument], count)
            if after == _Operation(_CALL_FUNCTION, 1):  # a decorator: property, staticmethod
                count.words(4)
        elif at in (_MAKE_CLOSURE, _MAKE_CLOSURE_DEFARGS):
            _function(code.children[argument], count)
            count.words(3 + operation.extra)
            for _ in range(operation.extra):
                count.words(2)
        elif at == _BUILD_TUPLE and not {after.code, last.code} & set(_WITH_DEFAULTS):
            count.words(2 + argument)
        elif at == _BUILD_LIST:
            count.words(4)
            count.words(max(4, argument))
        elif at == _BUILD_MAP:
            count.dictionary(argument)
    return stored


def _class(code: Code, count: _Count) -> None:
    """A class, which keeps no code of its own body."""
    count.data(16 + 12 * count.word)
    count.dictionary(_map_room(len(_body(code, count))))


def _function(code: Code, count: _Count) -> None:
    positional, keyword_only = code.defaults
    count.words(4 + positional + (keyword_only > 0))
    if keyword_only:  # their defaults: the dictionary is made empty, as its opcode says, and grows
        count.words(2 * _map_room(keyword_only))
    _kept(code, count)


def _kept(code: Code, count: _Count) -> None:
    """Bytecode, and what makes the functions that are defined within."""
    count.data(len(code.data))
    if code.children:
        count.words(len(code.children))
    for child in code.children:
        count.words(4)
        _kept(child, count)


def name_bytes(name: str, word: int = CHIP_WORD) -> int:
    """What one name takes of a table and of the texts."""
    return word + _HASH_AND_LENGTH + len(name.encode()) + 1


def names_bytes(names: Iterable[str], word: int = CHIP_WORD) -> int:
    """Heap for so many names that are not in the machine's ROM: tables, each twice as large as the last, and texts."""
    distinct = set(names)
    count = _Count(word)
    room = 2 * _NAME_POOL_INIT
    left = len(distinct)
    while left > 0:
        count.data(6 * word + (word + _HASH_AND_LENGTH) * room)
        left -= room
        room *= 2
    texts = sum(len(name.encode()) + 1 for name in distinct)
    count.data(-(-texts // _NAME_CHUNK) * _NAME_CHUNK)
    return count.bytes


def in_rom() -> frozenset[str]:
    """The names that every official image for the ESP32 holds, so that they take no heap."""
    return rom_names()[0]
