"""Signatures as minisign itself makes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge.errors import ConfigError, ModelError
from edge.model_store.signature import read_keys, verify
from tests.model_store.conftest import make_key, sign

CONTENT = b"any bytes"


@pytest.fixture
def file(tmp_path: Path, keys: Path) -> Path:
    """Signed by the owner."""
    path = tmp_path / "update"
    path.write_bytes(CONTENT)
    sign(path, keys / "model-key", "-t", "from the workshop")
    return path


def signature_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.minisig")


def test_what_minisign_signed_is_right(file: Path, keys: Path):
    assert verify(CONTENT, file, read_keys(keys / "model-key.pub")) == "from the workshop"


@pytest.mark.parametrize("comment", ["two\u2028lines", "a\x0bb", "a\u0085b"])
def test_a_comment_is_one_line_to_minisign(file: Path, keys: Path, comment: str):
    sign(file, keys / "model-key", "-t", comment, "-c", comment)
    key = file.with_name("key.pub")
    key.write_text((keys / "model-key.pub").read_text().replace("minisign public key", comment))
    assert verify(CONTENT, file, read_keys(key)) == comment


def test_lines_may_end_as_on_windows(file: Path, keys: Path):
    signature_of(file).write_bytes(signature_of(file).read_bytes().replace(b"\n", b"\r\n"))
    assert verify(CONTENT, file, read_keys(keys / "model-key.pub")) == "from the workshop"


def test_one_of_several_keys_is_enough(file: Path, keys: Path, tmp_path: Path):
    make_key(tmp_path / "new.pub", tmp_path / "new")
    both = tmp_path / "both.pub"
    both.write_text((tmp_path / "new.pub").read_text() + (keys / "model-key.pub").read_text())
    assert verify(CONTENT, file, read_keys(both))


def test_a_stranger_is_named(file: Path, tmp_path: Path):
    make_key(tmp_path / "other.pub", tmp_path / "other")
    (trusted,) = read_keys(tmp_path / "other.pub")
    with pytest.raises(ModelError, match=f"signed with the key [0-9A-F]+; this device trusts {trusted.id}"):
        verify(CONTENT, file, [trusted])


def test_a_key_is_named_as_minisign_names_it(keys: Path):
    (key,) = read_keys(keys / "model-key.pub")
    assert (keys / "model-key.pub").read_text().splitlines()[0].endswith(f" {key.id}")


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"\n", b""])
def test_changed_or_cut_off_bytes_are_refused(file: Path, keys: Path, content: bytes):
    with pytest.raises(ModelError, match="not what was signed"):
        verify(content, file, read_keys(keys / "model-key.pub"))


def test_a_changed_comment_is_refused(file: Path, keys: Path):
    text = signature_of(file).read_text()
    signature_of(file).write_text(text.replace("workshop", "attic"))
    with pytest.raises(ModelError, match="its comment is not what was signed"):
        verify(CONTENT, file, read_keys(keys / "model-key.pub"))


def test_a_missing_signature(file: Path, keys: Path):
    signature_of(file).unlink()
    with pytest.raises(
        ModelError, match=r"is not signed: update\.minisig is not beside it; sign it: minisign -Sm update"
    ):
        verify(CONTENT, file, read_keys(keys / "model-key.pub"))


def test_the_old_kind_of_signature(file: Path, keys: Path):
    sign(file, keys / "model-key", "-l")
    with pytest.raises(ModelError, match="old kind"):
        verify(CONTENT, file, read_keys(keys / "model-key.pub"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text[:60],
        lambda text: text.replace("trusted comment", "comment"),
        lambda text: text.replace("=", "?"),
        lambda text: "x" * 20_000,
        lambda text: "\udcff",
    ],
)
def test_a_file_that_is_no_signature(file: Path, keys: Path, spoil: Callable[[str], str]):
    signature_of(file).write_text(spoil(signature_of(file).read_text()), errors="surrogateescape")
    with pytest.raises(ModelError, match=r"no signature of minisign|cannot be read") as refused:
        verify(CONTENT, file, read_keys(keys / "model-key.pub"))
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "is missing, so nobody can sign"),
        ("", "holds no key"),
        ("untrusted comment: minisign public key\n", "holds no key"),
        ("ssh-ed25519 AAAA me\n", "is no public key of minisign"),
        ("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO\n", "is no public key of minisign"),
    ],
)
def test_a_file_without_a_key(tmp_path: Path, text: str | None, reason: str):
    path = tmp_path / "key.pub"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=reason) as refused:
        read_keys(path)
    assert "sudo cp minisign.pub" in str(refused.value)


def test_a_secret_key_is_no_public_one(keys: Path):
    with pytest.raises(ConfigError, match="no public key"):
        read_keys(keys / "model-key")
