"""Which converter serves which form. This table and its twin in the host are the only places that list all forms."""

from __future__ import annotations

from callgate_protocol import forms

from . import characters, elements, instances, pointers, scalars, structures, text
from .base import DECODERS, ENCODERS, later

ENCODERS.update(
    {
        forms.Address: pointers.encode_address,
        forms.Allocated: elements.encode_allocated,
        forms.BStr: later("bstrs", "encode_bstr"),
        forms.Boolean: scalars.encode_boolean,
        forms.Bytes: elements.encode_bytes,
        forms.Character: characters.encode_character,
        forms.Code: pointers.encode_code,
        forms.Complex: scalars.encode_complex,
        forms.Context: pointers.encode_context,
        forms.EditedText: text.encode_edited,
        forms.Elements: elements.encode_elements,
        forms.Enumeration: scalars.encode_enumeration,
        forms.FixedText: text.encode_fixed_text,
        forms.Floating: scalars.encode_floating,
        forms.Handle: pointers.encode_handle,
        forms.Instance: instances.encode_instance,
        forms.Integer: scalars.encode_integer,
        forms.InterfacePointer: later("interfaces", "encode_interface"),
        forms.Nothing: pointers.encode_nothing,
        forms.Offset: pointers.encode_offset,
        forms.Raw: structures.encode_raw,
        forms.SafeElements: later("safearrays", "encode_safe_elements"),
        forms.Series: structures.encode_series,
        forms.Structure: structures.encode_structure,
        forms.SystemValue: later("system", "encode_system"),
        forms.Text: text.encode_text,
        forms.Truth: scalars.encode_boolean,
        forms.Variant: later("variants", "encode_variant"),
        forms.Wide: text.encode_wide,
    }
)

DECODERS.update(
    {
        forms.Address: pointers.decode_address,
        forms.Allocated: elements.decode_allocated,
        forms.BStr: later("bstrs", "decode_bstr"),
        forms.Boolean: scalars.decode_boolean,
        forms.Bytes: elements.decode_bytes,
        forms.Character: characters.decode_character,
        forms.Code: pointers.decode_code,
        forms.Complex: scalars.decode_complex,
        forms.Context: pointers.decode_context,
        forms.EditedText: text.decode_edited,
        forms.Elements: elements.decode_elements,
        forms.Enumeration: scalars.decode_enumeration,
        forms.FixedText: text.decode_fixed_text,
        forms.Floating: scalars.decode_floating,
        forms.Handle: pointers.decode_handle,
        forms.Instance: instances.decode_instance,
        forms.Integer: scalars.decode_integer,
        forms.InterfacePointer: later("interfaces", "decode_interface"),
        forms.Nothing: pointers.decode_nothing,
        forms.Offset: pointers.decode_offset,
        forms.Raw: structures.decode_raw,
        forms.SafeElements: later("safearrays", "decode_safe_elements"),
        forms.Series: structures.decode_series,
        forms.Structure: structures.decode_structure,
        forms.SystemValue: later("system", "decode_system"),
        forms.Text: text.decode_text,
        forms.Truth: scalars.decode_boolean,
        forms.Variant: later("variants", "decode_variant"),
        forms.Wide: text.decode_wide,
    }
)
