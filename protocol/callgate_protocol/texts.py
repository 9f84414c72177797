"""What text in C means: its units, its encoding, who frees it, and attributes that do not go with it (R5)."""

from __future__ import annotations

from typing import Final

from .directives import DirectiveError
from .forms import Bytes, Codec, Count, EditedText, Elements, FixedText, Form, Integer, Series, Text, Wide
from .model import CType, Scalar, Void, c_name
from .wording import BYTES, Words

__all__ = ["bytes_form", "check_text_words", "edited_form", "fixed_text_form", "is_text", "text_form"]

_UNITS: Final = frozenset({"char", "char16", "wchar"})
_ERRORS: Final = ("replace", "strict", "surrogateescape")
_BYTE: Final = Integer("uchar")
_CODEC_WORDS: Final = ("bytes", "encoding", "errors")


def is_text(unit: CType) -> bool:
    """Whether a pointer to such units is text."""
    return isinstance(unit, Scalar) and unit.name in _UNITS


def text_form(unit: CType, words: Words, where: str) -> Text | Wide | None:
    """The form of a terminated text of such units; None when they are no characters. Raises DirectiveError."""
    if not isinstance(unit, Scalar) or not is_text(unit) or "character" in words:
        return None
    free, nul = words.get("free", ""), "allow_nul" in words
    if unit.name == "char":
        return Text(free, _codec(words, where), nul)
    _refuse_codec(unit, words, where)
    return Wide(unit.name, free, nul)


def fixed_text_form(unit: CType, length: int, words: Words, where: str) -> Form | None:
    """R5.16: the form of such units side by side in a struct; None when they are no characters."""
    if not isinstance(unit, Scalar) or not is_text(unit) or "character" in words:
        return None
    if "bytes" in words and unit.name == "char":
        return Series(_BYTE, length)
    if unit.name != "char":
        _refuse_codec(unit, {word: words[word] for word in words if word != "errors"}, where)
    return FixedText(length, unit.name, _codec(words, where))


def edited_form(unit: CType, words: Words, where: str, *, out_only: bool) -> EditedText | None:
    """R5.20: `[in, out, string]`: text that native code edits where it lies, or the memory of a StrBuf (R5.12)."""
    if "string" not in words or not isinstance(unit, Scalar) or not is_text(unit):
        return None
    if out_only:
        raise DirectiveError(
            f"{where}: a text that only comes out has no memory (R5.11): write [in, out, string] for a StrBuf, "
            "[out, size_is(n)] for a buffer, or [out] char **"
        )
    if unit.name != "char":
        _refuse_codec(unit, words, where)
    return EditedText(unit.name, _codec(words, where))


def bytes_form(target: CType, words: Words, count: Count, length: Count | None, where: str) -> Bytes | None:
    """A counted pointer to bytes; None when its elements are something else."""
    byte = isinstance(target, Scalar) and target.name in BYTES and "character" not in words
    if not isinstance(target, Void) and not byte:
        return None
    text = target == Scalar("char") and "bytes" not in words
    return Bytes(count, text, length, _codec(words, where))


def check_text_words(ctype: CType, form: Form, words: Words, where: str) -> None:
    """R19.20: words about text on something that is none."""
    if "string" in words and "length_is" in words:
        raise DirectiveError(f"{where}: [string] ends at its terminator, so length_is(…) cannot be given too (R1.22)")
    for word in (*_CODEC_WORDS, "allow_nul"):
        if word in words and not _has_text(form):
            raise DirectiveError(f"{where}: [{word}] goes with text, not with {c_name(ctype)} (R19.20)")


def _has_text(form: Form) -> bool:
    form = getattr(form, "content", form)
    while isinstance(form, Series | Elements):
        form = form.element
    return isinstance(form, Text | Wide | FixedText | EditedText | Bytes) or form == _BYTE


def _codec(words: Words, where: str) -> Codec:
    errors = words.get("errors", "replace")
    if errors not in _ERRORS:
        raise DirectiveError(f"{where}: errors({errors}) is none of {', '.join(_ERRORS)} (R5.5)")
    return Codec(words.get("encoding", "utf_8"), errors, "bytes" in words)


def _refuse_codec(unit: Scalar, words: Words, where: str) -> None:
    for word in _CODEC_WORDS:
        if word in words:
            text = f"{where}: [{word}] goes with char, not with {c_name(unit)}, whose encoding is its width (R19.20)"
            raise DirectiveError(text)
