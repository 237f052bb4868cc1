from typing import Any, Final

MAGIC: Final = b"PARAATB1"
FORMAT: Final = 1
LENGTH_BYTES: Final = 4
SIGNATURE_BYTES: Final = 384
MANIFEST_MAX_BYTES: Final = 8192
FILES_MAX: Final = 80
FILE_MAX_BYTES: Final = 65536
TOTAL_MAX_BYTES: Final = 196608
PART_BYTES: Final = 1024

class BundleError(ValueError): ...

def is_name(name: object) -> bool: ...
def manifest_length(head: bytes | bytearray | memoryview) -> int: ...
def check(manifest: Any) -> int: ...
