"""Whether the chip had no memory for what failed, which its errors seldom say. Lent where something has failed.

# Ref: ESP-IDF, esp_err.h; MicroPython v1.24 to v1.27, ports/esp32/network_common.c (esp_exceptions_helper),
#      extmod/modtls_mbedtls.c (mbedtls_raise_error makes a code of -1 to -255 positive); mbedtls 3, *_ALLOC_FAILED.
"""

import errno

from micropython import const

from node.health import idf_heap

WORDS = "not enough memory on the chip: restart the board; if that comes again, take one with more (boards/README.md)"
_LEAST_BYTES = const(12288)  # of the largest free block: below, no handshake is sure to pass (docs/budget.md)
_EAI_MEMORY = const(203)  # lwIP, netdb.h: no memory to look an address up
# The last three: MBEDTLS_ERR_SSL_ALLOC_FAILED, X509_, ECP_
_NO_MEMORY = (errno.ENOMEM, errno.ENOBUFS, _EAI_MEMORY, -_EAI_MEMORY, -0x7F00, -0x2880, -0x4D80)
# MBEDTLS_ERR_MPI_ALLOC_FAILED, and ENTROPY_SOURCE_FAILED, whose source is a task that could not be made
_NO_MEMORY_OF_TLS = (0x10, -0x10, 0x34, -0x34)
_TEXTS = ("out of memory", "0x0101", "malloc")  # ESP_ERR_NO_MEM by its name, and where network has none for it


def is_it(error, of_tls=False):
    """True when the error itself says so. of_tls: it came from a handshake, whose small numbers mean something else."""
    if isinstance(error, MemoryError):
        return True
    if not isinstance(error, (OSError, RuntimeError)) or not error.args:
        return False
    if error.args[0] in _NO_MEMORY or (of_tls and error.args[0] in _NO_MEMORY_OF_TLS):
        return True
    text = str(error).lower()
    return any([words in text for words in _TEXTS])


def is_now(largest=None, least=_LEAST_BYTES):
    """True when the chip's own heap has no room for anything: what failed without a cause failed for that.

    largest: its largest free block when that was, None for now. least: bytes that it should have been.
    """
    return (idf_heap()[1] if largest is None else largest) < least
