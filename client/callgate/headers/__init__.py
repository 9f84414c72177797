"""C headers as declarations: `callgate.load("libz.so.1", header="zlib.h")`.

libclang reads the header as a compiler would; what it finds becomes the same declarations that prototypes become. C
does not say everything that a call across processes needs: `guess` adds what can be added without risk, and prototypes
given beside the header say the rest. The extra `headers` brings what this package imports (libclang, pyelftools).
"""

from __future__ import annotations

from callgate.headers.contradictions import contradictions, record_contradictions
from callgate.headers.importer import read_for, read_header

__all__ = ["contradictions", "read_for", "read_header", "record_contradictions"]
