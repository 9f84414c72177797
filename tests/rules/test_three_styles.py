"""A library declared in Python and in C is one and the same library."""

from __future__ import annotations

from typing import Any

import pytest

from callgate.declare import parse
from callgate.typed.libraries import declarations_of
from callgate_protocol.typelib import encode_library, library_hash

from .three_styles import GALLERY, SQLITE, ZLIB
from .typed_styles import Gallery, Sqlite, Zlib


@pytest.mark.parametrize(("typed", "prototypes"), [(Sqlite, SQLITE), (Zlib, ZLIB), (Gallery, GALLERY)])
def test_typed_python_and_prototypes_are_equal(typed: Any, prototypes: str) -> None:
    """Every part is the same, so are the canonical bytes and the hash."""
    ours, theirs = declarations_of(typed).library, parse(prototypes)

    for group in ("opaques", "enums", "delegates", "records", "functions"):
        mine = {entry.name: entry for entry in getattr(ours, group)}
        for entry in getattr(theirs, group):
            assert mine.pop(entry.name, None) == entry
        assert not mine
    assert encode_library(ours) == encode_library(theirs)
    assert library_hash(encode_library(ours)) == library_hash(encode_library(theirs))
