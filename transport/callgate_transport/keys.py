"""CURVE keys in files: private ones that nobody else may read, and public ones of brokers that a client trusts.

Standard library only, because a broker checks its key before it starts anything.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from typing import Any

from callgate_protocol.value import Value

__all__ = [
    "KeyFileError",
    "KeyPair",
    "config_directory",
    "key_path",
    "known_brokers",
    "list_keys",
    "parse_public",
    "public_key",
    "read_private",
    "trust",
    "write_private",
]

_PUBLIC = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_MOST_BYTES = 1 << 16
_KNOWN = "known_brokers"


class KeyFileError(OSError):
    """A key cannot be used; the message says why and what to do."""


class KeyPair(Value):
    """32 bytes each."""

    public: bytes
    secret: bytes

    def __repr__(self) -> str:  # the secret stays out of tracebacks and logs
        return f"KeyPair({self.public.hex()})"


def config_directory() -> str:
    """Where keys are kept: `$XDG_CONFIG_HOME/callgate` or `~/.config/callgate`."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    return os.path.join(base if os.path.isabs(base) else os.path.expanduser("~/.config"), "callgate")


def key_path(name: str) -> str:
    """The file of the key of this name. Raises KeyFileError for what is no name."""
    if not _NAME.fullmatch(name):
        raise KeyFileError(f"{name!r} is not a name for a key: 1 to 64 letters, digits, `_`, `-` or `.`")
    return os.path.join(config_directory(), f"{name}.key")


def list_keys() -> list[str]:
    """The names of the private keys in the directory."""
    try:
        return sorted(entry.removesuffix(".key") for entry in os.listdir(config_directory()) if entry.endswith(".key"))
    except FileNotFoundError:
        return []


def write_private(path: str, pair: KeyPair) -> None:
    """Make a file that only this user may read, in a directory that is this user's. Nothing is written over."""
    os.makedirs(os.path.dirname(path) or ".", 0o700, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise KeyFileError(f"{path} is there already; remove it first, or choose another name") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("# A private key of callgate. Whoever has it is let in as you are: keep it to yourself.\n")
        file.write(f'public = "{pair.public.hex()}"\nsecret = "{pair.secret.hex()}"\n')


def read_private(path: str) -> KeyPair:
    """The pair in a file. One that others may read is refused, as ssh does it. Raises KeyFileError."""
    given = _read(os.path.expanduser(path), private=True)
    try:
        pair = KeyPair(parse_public(given.get("public")), parse_public(given.get("secret")))
    except ValueError:
        raise KeyFileError(f"{path} is not a private key of callgate; make one with: callgate keys make") from None
    return pair


def parse_public(text: Any) -> bytes:
    """The 32 bytes of a key written as 64 hexadecimal digits. Raises ValueError."""
    if not isinstance(text, str) or not _PUBLIC.fullmatch(text.strip().lower()):
        raise ValueError(f"a key is 64 hexadecimal digits as `callgate keys show` prints them, not {text!r:.80}")
    return bytes.fromhex(text.strip())


def public_key(given: str) -> bytes:
    """A public key: the digits themselves, or a file that holds them, alone or in a key file.

    Raises ValueError, KeyFileError.
    """
    if _PUBLIC.fullmatch(given.strip().lower()):
        return parse_public(given)
    path = os.path.expanduser(given)
    if not os.path.exists(path):
        raise KeyFileError(f"{given!r:.80} is neither a public key (64 hexadecimal digits) nor a file with one")
    try:
        return parse_public(_read(path).get("public"))
    except KeyFileError:
        with open(path, encoding="ascii", errors="replace") as file:
            return parse_public(file.read(_MOST_BYTES).partition("\n")[0])


def known_brokers() -> dict[str, bytes]:
    """Address → public key of the brokers that this user trusts. Raises KeyFileError."""
    path = os.path.join(config_directory(), _KNOWN)
    known = {}
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file.read(_MOST_BYTES).splitlines(), 1):
                words = line.partition("#")[0].split()
                if not words:
                    continue
                try:
                    address, key = words
                    known[address] = parse_public(key)
                except ValueError:
                    raise KeyFileError(f"{path}, line {number}: a line is an address and a public key") from None
    except FileNotFoundError:
        return {}
    return known


def trust(address: str, key: bytes) -> str:
    """Remember the key of the broker at an address; the file it stands in. Raises KeyFileError for another key."""
    path = os.path.join(config_directory(), _KNOWN)
    before = known_brokers().get(address, key)
    if before != key:
        raise KeyFileError(f"{path} has another key for {address}; if its owner made a new one, remove that line first")
    if address not in known_brokers():
        os.makedirs(config_directory(), 0o700, exist_ok=True)
        with open(path, "a", encoding="ascii", opener=_private) as file:
            file.write(f"{address} {key.hex()}\n")
    return path


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read(path: str, *, private: bool = False) -> dict[str, Any]:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise KeyFileError(f"{path} is no file with a key")
            if private and (about.st_uid != os.getuid() or stat.S_IMODE(about.st_mode) & 0o077):
                mode = stat.S_IMODE(about.st_mode)
                raise KeyFileError(
                    f"{path} may be read by others (mode {mode:04o}, owner {about.st_uid}); "
                    f"if nobody has read it: chmod 600 {path}"
                )
            return tomllib.loads(file.read(_MOST_BYTES).decode("ascii"))
    except FileNotFoundError:
        raise KeyFileError(f"there is no key {path}; make one with: callgate keys make") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{path} is not a key of callgate: {error}") from None
    except KeyFileError:
        raise
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read: {error.strerror}") from error
