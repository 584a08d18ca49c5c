"""Signatures of minisign, the tool with which owners sign: Ed25519 over BLAKE2b-512, see minisign(1).

A key or signature is a line of base64: two letters for the algorithm, eight bytes to recognize the key by, then 32
bytes of key or 64 of signature. Lines beginning with "untrusted comment:" stand before them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.errors import ConfigError, EdgeError, ModelError

SUFFIX: Final = ".minisig"
_TRUSTED = "trusted comment: "
_LARGEST_TEXT = 16_384


@dataclass(frozen=True, slots=True)
class Key:
    """id: as minisign prints it, in hexadecimal. public: 32 bytes."""

    id: str
    public: bytes


def read_keys(path: Path) -> list[Key]:
    """Every public key in a file of the owner's; several while one is replaced by another. Raises ConfigError."""
    advice = f"put the public key that `minisign -G` made there: sudo cp minisign.pub {path}"
    try:
        lines = _lines(path)
    except FileNotFoundError as err:
        raise ConfigError(f"{path} is missing, so nobody can sign models for this device; {advice}") from err
    except (OSError, ValueError) as err:
        raise ConfigError(f"{path} cannot be read ({getattr(err, 'strerror', None) or err}); {advice}") from err
    keys = []
    for line in filter(None, map(str.strip, lines)):
        if line.startswith("untrusted comment:"):
            continue
        raw = _decoded(line, 42)
        if raw is None or raw[:2] != b"Ed":
            raise ConfigError(f"{path}: {line[:20]!r} is no public key of minisign; {advice}")
        keys.append(Key(_key_id(raw), raw[10:]))
    if not keys:
        raise ConfigError(f"{path} holds no key; {advice}")
    return keys


def verify(content: bytes, bundle: Path, keys: list[Key]) -> str:
    """content: the bundle's bytes, signed by the file beside it. Returns the signer's comment. Raises ModelError."""
    path = bundle.with_name(bundle.name + SUFFIX)
    advice = f"sign it: minisign -Sm {bundle.name}"
    try:
        lines = _lines(path)
    except FileNotFoundError as err:
        raise ModelError(f"{bundle} is not signed: {path.name} is not beside it; {advice}") from err
    except (OSError, ValueError) as err:
        raise ModelError(f"{path} cannot be read ({getattr(err, 'strerror', None) or err}); {advice}") from err
    signature = _decoded(lines[1], 74) if len(lines) >= 4 else None
    whole = _decoded(lines[3], 64) if signature else None
    if signature is None or whole is None or not lines[2].startswith(_TRUSTED):
        raise ModelError(f"{path} is no signature of minisign; {advice}")
    if signature[:2] != b"ED":
        raise ModelError(
            f"{path} is of minisign's old kind, over the file itself; {advice} with minisign 0.11 or newer"
        )
    key = next((key for key in keys if key.id == _key_id(signature)), None)
    if key is None:
        known = ", ".join(key.id for key in keys)
        raise ModelError(f"{bundle} is signed with the key {_key_id(signature)}; this device trusts {known}")
    comment = lines[2].removeprefix(_TRUSTED)
    hashed = hashlib.blake2b(content).digest()
    if not _is_right(key, hashed, signature[10:]):
        raise ModelError(f"{bundle} is not what was signed: it was changed or cut off; copy it here again")
    if not _is_right(key, signature[10:] + comment.encode(), whole):
        raise ModelError(f"{path} was changed: its comment is not what was signed; copy it here again")
    return comment


def _is_right(key: Key, message: bytes, signature: bytes) -> bool:
    try:
        from nacl.exceptions import BadSignatureError
        from nacl.signing import VerifyKey
    except ImportError as err:
        raise EdgeError("checking signatures needs PyNaCl: pip install 'emotion-edge[updates]'") from err
    try:
        VerifyKey(key.public).verify(message, signature)
    except BadSignatureError:
        return False
    return True


def _lines(path: Path) -> list[str]:
    """As minisign sees them: a comment may hold what else ends a line in Unicode. Raises OSError and ValueError."""
    with path.open("rb") as file:
        content = file.read(_LARGEST_TEXT + 1)
    if len(content) > _LARGEST_TEXT:
        raise ValueError("it is too long")
    return [line.removesuffix("\r") for line in content.decode().split("\n")]


def _decoded(line: str, length: int) -> bytes | None:
    """The bytes of a line of base64; None where it is not so many."""
    try:
        raw = base64.b64decode(line, validate=True)
    except (ValueError, binascii.Error):
        return None
    return raw if len(raw) == length else None


def _key_id(raw: bytes) -> str:
    """minisign prints the eight bytes as a number."""
    return f"{int.from_bytes(raw[2:10], 'little'):X}"
