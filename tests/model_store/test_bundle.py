"""The reader of bundles takes what the writer made, and refuses everything else in one line."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.emotion.bundle import CARD, GOLDEN, LARGEST, MANIFEST, MODEL, Bundle, read_bundle, write_bundle
from edge.errors import ModelError
from tests.model_store.conftest import SMALL


def test_what_was_written_is_read(shipped: Bundle):
    bundle = replace(shipped, boards=("aarch64", "Raspberry Pi 5"), needs_version="0.1.0")
    assert read_bundle(write_bundle(bundle)) == bundle


def test_the_same_contents_are_the_same_bytes(shipped: Bundle):
    assert write_bundle(shipped) == write_bundle(shipped)


def test_it_is_a_tar_file_like_any_other(shipped: Bundle):
    with tarfile.open(fileobj=io.BytesIO(write_bundle(shipped))) as tar:
        assert tar.getnames() == [MANIFEST, CARD, MODEL, GOLDEN]


Member = tuple[tarfile.TarInfo, bytes]


def members(bundle: Bundle = SMALL) -> list[Member]:
    with tarfile.open(fileobj=io.BytesIO(write_bundle(bundle))) as tar:
        return [(member, tar.extractfile(member).read()) for member in tar.getmembers()]


def packed(wanted: Iterable[Member], form: int = tarfile.USTAR_FORMAT) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=form) as tar:
        for member, data in wanted:
            tar.addfile(member, io.BytesIO(data))
    return content.getvalue()


def file(name: str, data: bytes = b"") -> Member:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    return member, data


def special(name: str, kind: bytes, target: str = "/etc/passwd") -> Member:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


def without(name: str) -> list[Member]:
    return [member for member in members() if member[0].name != name]


def changed(name: str, data: bytes) -> bytes:
    return packed([*without(name), file(name, data)])


def claiming(size: int) -> bytes:
    """Bytes whose first member says it is so long."""
    member = tarfile.TarInfo(MODEL)
    member.size = size
    return member.tobuf(tarfile.GNU_FORMAT) + bytes(1024)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cut off"),
        (write_bundle(SMALL)[:560], "cut off within manifest.json"),
        (write_bundle(SMALL)[:1024], "cut off"),
        (write_bundle(SMALL) + b"#!/bin/sh", "goes on after its end"),
        (write_bundle(SMALL) + write_bundle(SMALL), "goes on after its end"),
        (bytes(10240), "lacks manifest.json"),
        (b"\x1f\x8b" + bytes(2000), "no plain tar file"),
        (packed(without(MODEL)), "lacks model.tflite"),
        (packed([*members(), file("extra.py")]), "'extra.py', which does not belong"),
        (packed([file("../../etc/cron.d/evil"), *members()]), "'../../etc/cron.d/evil', which does not belong"),
        (packed([file("/etc/passwd"), *members()]), "'/etc/passwd', which does not belong"),
        (packed([*without(MODEL), special(MODEL, tarfile.SYMTYPE)]), "model.tflite is a symbolic link"),
        (packed([*without(MODEL), special(MODEL, tarfile.LNKTYPE)]), "model.tflite is a hard link"),
        (packed([*without(MODEL), special(MODEL, tarfile.DIRTYPE)]), "model.tflite is a folder"),
        (packed([*without(MODEL), special(MODEL, tarfile.CHRTYPE)]), "model.tflite is of a special kind"),
        (packed([*without(MODEL), special(MODEL, tarfile.GNUTYPE_SPARSE)]), "model.tflite is of a special kind"),
        (packed([*members(), file(CARD, b"{}")]), "holds card.json twice"),
        (packed([file("x" * 120)], tarfile.PAX_FORMAT), "which does not belong"),
        (packed([file("x" * 120)], tarfile.GNU_FORMAT), "which does not belong"),
        (claiming(5 * 2**30), "5368709120 bytes long; at most"),
        (claiming(-512), "-512 bytes long"),
        (changed(CARD, b"{"), "card.json is not JSON"),
        (changed(CARD, b"[" * 100_000), "card.json is not JSON"),
        (changed(CARD, b'{"name": "\\ud800"}'), "card.json is not JSON"),
        (changed(CARD, b"[]"), "card.json is not a JSON object"),
        (changed(CARD, b'{"name": "../etc"}'), "name '../etc' must be"),
        (changed(CARD, b'{"name": 7}'), "name 7 must be"),
        (changed(CARD, b'{"name": "emotion", "sha256": "0"}'), "checksum is another"),
        (changed(MANIFEST, b'{"schema": 2}'), "schema 2: made for a newer"),
        (changed(MANIFEST, b'{"schema": 1, "version": "../1"}'), "version '../1' must be"),
        (changed(MANIFEST, b'{"schema": 1, "version": "active"}'), "version 'active' must be another"),
        (changed(MANIFEST, b'{"schema": 1, "version": "active.new"}'), "version 'active.new' must be another"),
        (changed(MANIFEST, b'{"schema": 1, "version": "trial.new"}'), "version 'trial.new' must be another"),
        (changed(MANIFEST, b'{"schema": 1, "version": "lock"}'), "version 'lock' must be another"),
        (changed(CARD, b'{"name": "lock"}'), "name 'lock' must be another"),
        (changed(CARD, b'{"name": "golden"}'), "name 'golden' must be another"),
        (changed(MANIFEST, b'{"schema": 1, "version": "1", "boards": "all"}'), "boards 'all' must be a list"),
        (changed(MANIFEST, b'{"schema": 1, "version": "1", "boards": [1]}'), "boards (1,) must be a list"),
        (changed(MANIFEST, b'{"schema": 1, "version": "1", "needs_version": "new"}'), "needs_version 'new' must be"),
    ],
)
def test_anything_else_is_refused(content: bytes, reason: str):
    with pytest.raises(ModelError) as refused:
        read_bundle(content)
    assert reason in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("name", list(LARGEST))
def test_no_member_is_larger_than_allowed(name: str):
    content = changed(name, bytes(LARGEST[name] + 1))
    with pytest.raises(ModelError, match=f"its {name} says it is {LARGEST[name] + 1} bytes long"):
        read_bundle(content)


def test_the_writer_keeps_the_limits():
    with pytest.raises(ModelError, match=r"golden\.json takes"):
        write_bundle(replace(SMALL, golden=bytes(LARGEST[GOLDEN] + 1)))


def refused_or_whole(content: bytes) -> None:
    said = ""
    try:
        assert set(read_bundle(content).files()) >= {"golden.json"}
    except ModelError as err:
        said = str(err)
    assert len(said.splitlines()) <= 1
    assert len(said) < 300


@given(st.binary(max_size=4096))
@settings(deadline=None, max_examples=40)
def test_any_bytes_are_read_or_refused(content: bytes):
    refused_or_whole(content)


@given(st.data())
@settings(deadline=None, max_examples=40)
def test_a_bundle_with_changed_bytes_is_read_or_refused(data: st.DataObject):
    content = bytearray(write_bundle(SMALL))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, 4096))] = data.draw(st.integers(0, 255))
    refused_or_whole(bytes(content))


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*LARGEST, "x", "../x", "model.tflite/"]),
            st.sampled_from([tarfile.REGTYPE, tarfile.AREGTYPE, b"S", b"L", b"x", b"2", b"5"]),
            st.sampled_from([0, 1, 511, 512, 513, -1, 2**33]),
            st.binary(max_size=600),
        ),
        max_size=6,
    )
)
@settings(deadline=None, max_examples=40)
def test_any_headers_are_read_or_refused(headers: list[tuple[str, bytes, int, bytes]]):
    content = b""
    for name, kind, size, data in headers:
        member = tarfile.TarInfo(name)
        member.type, member.size = kind, size
        content += member.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)
    refused_or_whole(content + bytes(1024))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["schema", "version", "boards", "needs_version", "name", "sha256"]


@given(st.dictionaries(st.sampled_from(KEYS), json_values), st.dictionaries(st.sampled_from(KEYS), json_values))
@settings(deadline=None, max_examples=40)
def test_any_values_are_read_or_refused(manifest: dict[str, object], card: dict[str, object]):
    manifest = {"schema": 1, **manifest}
    described = {"sha256": SMALL.card["sha256"], "name": "emotion", **card}
    others = [member for member in members() if member[0].name in (MODEL, GOLDEN)]
    texts = [file(MANIFEST, json.dumps(manifest).encode()), file(CARD, json.dumps(described).encode())]
    refused_or_whole(packed([*texts, *others]))
