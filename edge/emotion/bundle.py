"""A model on its way to devices: one plain tar file of four members, signed as a whole by a file beside it.

    manifest.json   schema, version, boards, needs_version
    card.json       the model's card; it names the model
    model.tflite
    golden.json     inputs and the answers to them, see `edge.emotion.golden`

Read strictly: these names, each once, regular files of bounded size, and nothing else. Not with `tarfile.open`, which
understands links, sparse files and four dialects, and in some versions loops for ever on a crafted file
(CVE-2025-8194); only with its parser of a single header.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from dataclasses import dataclass
from typing import Any, Final

from edge.emotion.card import Card
from edge.emotion.updates import ACTIVE, LOCK, TRIAL
from edge.errors import ModelError

SCHEMA: Final = 1
SUFFIX: Final = ".emotion-edge"

MANIFEST, CARD, MODEL, GOLDEN = "manifest.json", "card.json", "model.tflite", "golden.json"
LARGEST: Final = {MANIFEST: 16_384, CARD: 262_144, MODEL: 16 * 2**20, GOLDEN: 8 * 2**20}
"""Bytes."""
LARGEST_BUNDLE: Final = sum(LARGEST.values()) + 65_536

_BLOCK = 512
_MEMBER_KINDS = {tarfile.SYMTYPE: "a symbolic link", tarfile.LNKTYPE: "a hard link", tarfile.DIRTYPE: "a folder"}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_PROGRAM_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){0,3}")
_TAKEN_NAMES = {LOCK, GOLDEN.removesuffix(".json")}
_TAKEN_VERSIONS = {ACTIVE, TRIAL, LOCK, "shipped", f"{ACTIVE}.new", f"{TRIAL}.new"}
"""By the device's own files, see `edge.emotion.updates`; `.new` is a link that is not there yet."""


@dataclass(frozen=True)
class Bundle:
    """version: of the model. boards: machines or beginnings of boards' names it is for; empty: all.

    needs_version: the oldest program that can run it; empty: any. model, golden: bytes.
    """

    version: str
    card: Card
    model: bytes
    golden: bytes
    boards: tuple[str, ...] = ()
    needs_version: str = ""

    def __post_init__(self) -> None:
        """Raises ModelError where a value is not what it must be."""
        name = self.card.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ModelError(f"{CARD}: name {_shown(name)} must be small letters, digits and '-'")
        if name in _TAKEN_NAMES:
            raise ModelError(f"{CARD}: name {_shown(name)} must be another: devices have a file of that name")
        if not isinstance(self.version, str) or not _VERSION.fullmatch(self.version):
            raise ModelError(f"{MANIFEST}: version {_shown(self.version)} must be letters, digits, '.', '_' and '-'")
        if self.version in _TAKEN_VERSIONS:
            raise ModelError(f"{MANIFEST}: version {_shown(self.version)} must be another: devices use that word")
        if not all(isinstance(board, str) and board for board in self.boards):
            raise ModelError(f"{MANIFEST}: boards {_shown(self.boards)} must be a list of names")
        needs = self.needs_version
        if not isinstance(needs, str) or (needs and not _PROGRAM_VERSION.fullmatch(needs)):
            raise ModelError(f"{MANIFEST}: needs_version {_shown(needs)} must be a version such as 0.2.0")
        if hashlib.sha256(self.model).hexdigest() != self.card.get("sha256"):
            raise ModelError(f"{MODEL} is not the file that {CARD} speaks of: its checksum is another")

    @property
    def name(self) -> str:
        """The model's, by its card."""
        return str(self.card["name"])

    def files(self) -> dict[str, bytes]:
        """As they lie on the device."""
        return {f"{self.name}.tflite": self.model, f"{self.name}.json": _json(self.card), GOLDEN: self.golden}


def write_bundle(bundle: Bundle) -> bytes:
    """The same bytes for the same contents, anywhere and at any time."""
    manifest = {
        "schema": SCHEMA,
        "version": bundle.version,
        "boards": list(bundle.boards),
        "needs_version": bundle.needs_version,
    }
    members = {MANIFEST: _json(manifest), CARD: _json(bundle.card), MODEL: bundle.model, GOLDEN: bundle.golden}
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in members.items():
            if len(data) > LARGEST[name]:
                raise ModelError(f"{name} takes {len(data)} bytes; at most {LARGEST[name]} are allowed")
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return content.getvalue()


def read_bundle(content: bytes) -> Bundle:
    """Raises ModelError, in one line, for anything but the four members and the zero bytes after them."""
    members = _members(content)
    if missing := [name for name in LARGEST if name not in members]:
        raise ModelError(f"it lacks {missing[0]}")
    manifest, card = _object(members[MANIFEST], MANIFEST), _object(members[CARD], CARD)
    if manifest.get("schema") != SCHEMA:
        raise ModelError(f"{MANIFEST}: schema {_shown(manifest.get('schema'))}: made for a newer emotion-edge")
    boards = manifest.get("boards", [])
    if not isinstance(boards, list):
        raise ModelError(f"{MANIFEST}: boards {_shown(boards)} must be a list of names")
    return Bundle(
        version=manifest.get("version", ""),
        card=card,
        model=members[MODEL],
        golden=members[GOLDEN],
        boards=tuple(boards),
        needs_version=manifest.get("needs_version", ""),
    )


def _members(content: bytes) -> dict[str, bytes]:
    """Each member's bytes by its name, in the order of the file."""
    members: dict[str, bytes] = {}
    at = 0
    while True:
        header = content[at : at + _BLOCK]
        if len(header) < _BLOCK:
            raise ModelError("it is cut off: copy it here again")
        if not header.strip(b"\0"):
            if content[at:].strip(b"\0"):
                raise ModelError("it goes on after its end: something was added to it; make it again")
            return members
        member = _member(header, members)
        at += _BLOCK
        if at + member.size > len(content):
            raise ModelError(f"it is cut off within {member.name}: copy it here again")
        members[member.name] = content[at : at + member.size]
        at += -(-member.size // _BLOCK) * _BLOCK


def _member(header: bytes, seen: dict[str, bytes]) -> tarfile.TarInfo:
    try:
        member = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
    except (tarfile.HeaderError, ValueError) as err:
        raise ModelError("it is no plain tar file; `python -m quantize bundle` makes one") from err
    if member.name not in LARGEST:
        raise ModelError(f"it holds {_shown(member.name)}, which does not belong into a bundle")
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        raise ModelError(f"its {member.name} is {_MEMBER_KINDS.get(member.type, 'of a special kind')}, not a file")
    if member.name in seen:
        raise ModelError(f"it holds {member.name} twice")
    if not 0 <= member.size <= LARGEST[member.name]:
        raise ModelError(
            f"its {member.name} says it is {member.size} bytes long; at most {LARGEST[member.name]} are allowed"
        )
    return member


def _object(content: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(content)
        _json(value)  # half a surrogate pair is read, but cannot be written
    except (ValueError, RecursionError) as err:
        raise ModelError(f"its {name} is not JSON") from err
    if not isinstance(value, dict):
        raise ModelError(f"its {name} is not a JSON object")
    return value


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _shown(value: object) -> str:
    """In one line of bearable length."""
    try:
        text = ascii(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, or brackets within brackets
        return "of a strange kind"
    return text if len(text) <= 80 else f"{text[:77]}..."
