"""The declarations of the component, and its GUIDs by name, for the tests that call it."""

from __future__ import annotations

import re
import uuid
from typing import Final

from tests.conftest import COMPONENT

__all__ = ["CLSID", "IDL", "IID"]

IDL: Final = (COMPONENT / "component.idl").read_text()

_NAMED = re.compile(r"uuid\(([0-9A-F-]{36})\)\]\s*(interface|dispinterface|coclass) (\w+)")


def _named(*kinds: str) -> dict[str, uuid.UUID]:
    return {name: uuid.UUID(guid) for guid, kind, name in _NAMED.findall(IDL) if kind in kinds}


IID: Final = {
    "IUnknown": uuid.UUID("00000000-0000-0000-C000-000000000046"),
    "IClassFactory": uuid.UUID("00000001-0000-0000-C000-000000000046"),
    "IDispatch": uuid.UUID("00020400-0000-0000-C000-000000000046"),
    **_named("interface", "dispinterface"),
}
CLSID: Final = _named("coclass")
