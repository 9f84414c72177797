"""Which converter serves which form. This table and its twin in the host are the only places that list all forms."""

from __future__ import annotations

from callgate_protocol import marshal

from . import elements, pointers, scalars, structures, text
from .base import DECODERS, ENCODERS

ENCODERS.update(
    {
        marshal.Address: pointers.encode_address,
        marshal.Boolean: scalars.encode_boolean,
        marshal.Bytes: elements.encode_bytes,
        marshal.Code: pointers.encode_code,
        marshal.Context: pointers.encode_context,
        marshal.Elements: elements.encode_elements,
        marshal.Enumeration: scalars.encode_enumeration,
        marshal.FixedText: text.encode_fixed_text,
        marshal.Floating: scalars.encode_floating,
        marshal.Handle: pointers.encode_handle,
        marshal.Integer: scalars.encode_integer,
        marshal.Nothing: pointers.encode_nothing,
        marshal.Offset: pointers.encode_offset,
        marshal.Raw: structures.encode_raw,
        marshal.Series: structures.encode_series,
        marshal.Structure: structures.encode_structure,
        marshal.Text: text.encode_text,
    }
)

DECODERS.update(
    {
        marshal.Address: pointers.decode_address,
        marshal.Boolean: scalars.decode_boolean,
        marshal.Bytes: elements.decode_bytes,
        marshal.Code: pointers.decode_code,
        marshal.Context: pointers.decode_context,
        marshal.Elements: elements.decode_elements,
        marshal.Enumeration: scalars.decode_enumeration,
        marshal.FixedText: text.decode_fixed_text,
        marshal.Floating: scalars.decode_floating,
        marshal.Handle: pointers.decode_handle,
        marshal.Integer: scalars.decode_integer,
        marshal.Nothing: pointers.decode_nothing,
        marshal.Offset: pointers.decode_offset,
        marshal.Raw: structures.decode_raw,
        marshal.Series: structures.decode_series,
        marshal.Structure: structures.decode_structure,
        marshal.Text: text.decode_text,
    }
)
