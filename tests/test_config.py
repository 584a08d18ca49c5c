"""The loader takes what the example shows, and answers everything else with one line."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.config import CameraConfig, Config
from edge.config_file import load_config
from edge.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EXAMPLE = Path(__file__).parents[1] / "edge" / "config.example.toml"

SECTIONS = {section.name: type(section.default) for section in dataclasses.fields(Config)}
SETTINGS = [(name, field) for name, kind in SECTIONS.items() for field in dataclasses.fields(kind)]
SETTING_NAMES = [f"{section}.{field.name}" for section, field in SETTINGS]


@pytest.fixture
def load(tmp_path: Path):
    """Load a configuration from its text."""

    def load(text: str) -> Config:
        path = tmp_path / "config.toml"
        path.write_bytes(text.encode())
        return load_config(path)

    return load


def complaint(load, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(text)
    message = str(caught.value)
    assert "\n" not in message
    return message


class TestExample:
    def test_is_the_defaults(self):
        assert load_config(EXAMPLE) == Config()

    def test_names_every_setting(self):
        tables = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
        assert {f"{section}.{key}" for section, table in tables.items() for key in table} == set(SETTING_NAMES)

    @pytest.mark.parametrize(("section", "field"), SETTINGS, ids=SETTING_NAMES)
    def test_says_what_a_setting_may_be(self, section: str, field: dataclasses.Field):
        comment = comments()[section, field.name]
        assert comment
        if choices := field.metadata.get("choices"):
            assert all(str(choice) in comment for choice in choices)
        elif field.metadata:
            assert f"{field.metadata['low']}..{field.metadata['high']}" in comment


def comments() -> dict[tuple[str, str], str]:
    """Section and key: the comment above it, or above the first key of its block."""
    found: dict[tuple[str, str], str] = {}
    section, lines, in_comment = "", [], False
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section, lines = line.strip("[]"), []
        elif line.startswith("#"):
            lines = [*lines, line] if in_comment else [line]
        elif line:
            found[section, line.split(" =")[0]] = "\n".join(lines)
        in_comment = line.startswith("#")
    return found


def test_every_number_has_a_range():
    for section, field in SETTINGS:
        if type(field.default) in (int, float) and not field.metadata["choices"]:
            assert field.metadata["low"] <= field.default <= field.metadata["high"], f"{section}.{field.name}"


def test_an_empty_file_is_the_defaults(load):
    assert load("") == Config()


def test_a_byte_order_mark_is_no_error(load):
    assert load("\ufeff[camera]\nwidth = 800").camera.width == 800


def test_a_whole_number_stands_for_a_decimal_one(load):
    stall = load("[camera]\nstall_timeout_s = 7").camera.stall_timeout_s
    assert (stall, type(stall)) == (7.0, float)


@pytest.mark.parametrize("rates", ["everyday", "balanced", [0.1, 0.1, 0.1, 0.3, 0.1, 0.1, 0.2]])
def test_base_rates(load, rates: Any):
    expected = tuple(rates) if isinstance(rates, list) else rates
    assert load(f"[emotion]\nbase_rates = {json.dumps(rates)}").emotion.base_rates == expected


@pytest.mark.parametrize(
    "rates",
    [
        '"sometimes"',
        "true",
        "1",
        "[]",
        "{ angry = 1.0 }",
        "[0.5, 0.5]",
        "[0.1, 0.1, 0.1, 0.3, 0.1, 0.1, 0.3]",
        "[0.0, 0.1, 0.1, 0.4, 0.1, 0.1, 0.2]",
        "[-0.1, 0.2, 0.1, 0.4, 0.1, 0.1, 0.2]",
        "[nan, 0.1, 0.1, 0.3, 0.1, 0.1, 0.2]",
        "[inf, 0.1, 0.1, 0.3, 0.1, 0.1, 0.2]",
        '["0.1", 0.1, 0.1, 0.3, 0.1, 0.1, 0.2]',
        "[true, 0.1, 0.1, 0.3, 0.1, 0.1, 0.2]",
        f"[0.1, 0.1, 0.1, 0.3, 0.1, 0.1, 1{'0' * 400}]",
    ],
)
def test_base_rates_that_are_none(load, rates: str):
    message = complaint(load, f"[emotion]\nbase_rates = {rates}")
    assert "[emotion] base_rates" in message
    assert "7 positive numbers that sum to 1, for angry, disgust" in message


COMPLAINTS = [
    ("[camra]\nwidth = 800", ("unknown section 'camra'", "did you mean 'camera'?")),
    ("[zzz]", ("unknown section 'zzz'", "known are camera, face")),
    ('["a\\nb"]', ("unknown section 'a\\nb'",)),
    ("[camera]\nwidht = 800", ("[camera] unknown key 'widht'", "did you mean 'width'?")),
    ('[camera]\n"a\\nb" = 800', ("unknown key 'a\\nb'",)),
    ("camera = 3", ("camera = 3 stands outside a section",)),
    ("width = 800", ("unknown section 'width'",)),
    ("[[camera]]\nwidth = 800", ("stands outside a section",)),
    ('[camera]\nwidth = "800"', ("[camera] width = '800'", "must be a whole number")),
    ("[camera]\nwidth = 800.0", ("must be a whole number",)),
    ("[camera]\nwidth = true", ("must be a whole number",)),
    ("[camera]\nsource = 0", ("must be text",)),
    ("[camera]\nstall_timeout_s = true", ("must be a number",)),
    ("[camera]\nstall_timeout_s = nan", ("must be between 0.5 and 60",)),
    ("[camera]\ngive_up_s = inf", ("must be between 0 and 86400",)),
    (f"[camera]\nstall_timeout_s = 1{'0' * 400}", ("must be between 0.5 and 60",)),
    (f"[camera]\nwidth = 0x{'f' * 5000}", ("a far too large number: must be between",)),
    (f"[camera]\nwidth = 1{'0' * 5000}", ("not valid TOML",)),
    ('[jsonl]\nenabled = "yes"', ("must be true or false",)),
    ("[jsonl]\nenabled = 1", ("must be true or false",)),
    ('[csv]\npath = "-"', ("[csv] path = '-': must be a file", "[jsonl]")),
    ("[mqtt]\nport = 0", ("[mqtt] port = 0", "must be between 1 and 65535")),
    ("[mqtt]\nport = 65536", ("must be between 1 and 65535",)),
    ('[camera]\nflip = "left"', ("must be one of none, horizontal, vertical, both",)),
    ('[mqtt]\ndevice = "living room"', ("must be 1 to 64 letters, digits",)),
    ('[mqtt]\ndevice = "a/#"', ("it is part of topics",)),
    ('[mqtt]\ndiscovery_prefix = "home/#"', ("[mqtt] discovery_prefix = 'home/#'", "levels parted by '/'")),
    ('[mqtt]\ndiscovery_prefix = "a b"', ("must be letters, digits",)),
    (
        '[jsonl]\nenabled = true\npath = "a"\n[csv]\nenabled = true\npath = "./a"',
        ("[csv] path = './a'", "[jsonl] path"),
    ),
    ("[web]\nviewers = 0", ("[web] viewers = 0", "must be between 1 and 50")),
    ('[web]\nhost = "0.0.0.0"', ("[web] host = '0.0.0.0'", "give a token_file, or 127.0.0.1")),
    ('[web]\nhost = "kitchen.local"', ("give a token_file",)),
    ('[web]\nhost = "::"', ("give a token_file",)),
    ('[mqtt]\ncertificate_file = "a.pem"', ("certificate_file and key_file belong together",)),
    ('[mqtt]\nca_file = "ca.pem"', ("[mqtt] ca_file: without tls = true", "the password neither", "leave this out")),
    ('[mqtt]\ncertificate_file = "a"\nkey_file = "b"', ("certificate_file, key_file: without tls", "these out")),
    (
        "[camera]\nfps = 1\nstall_timeout_s = 2",
        ("stall_timeout_s = 2: with fps = 1 must be at least 3, the time of 3 frames",),
    ),
    (
        "[camera]\nexposure_ms = 333.5\nstall_timeout_s = 1",
        ("[camera] stall_timeout_s = 1: with exposure_ms = 333.5 must be at least 1.01",),
    ),
    ("[camera]\nwidth = \nheight = 480", ("not valid TOML", "line 2")),
    ("[camera]\nwidth = 800\nwidth = 900\n", ("not valid TOML", "line 3")),
    (f"[camera]\nwidth = {'[' * 5000}", ("not valid TOML",)),
]


@pytest.mark.parametrize(("text", "parts"), COMPLAINTS, ids=[parts[0] for _, parts in COMPLAINTS])
def test_complaints(load, text: str, parts: tuple[str, ...]):
    message = complaint(load, text)
    assert "config.toml: " in message
    assert all(part in message for part in parts), message
    assert len(message) < 400


def test_a_missing_file_a_folder_and_bytes_that_are_no_text(tmp_path: Path):
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "missing.toml", tmp_path, binary):
        with pytest.raises(ConfigError, match="cannot read the configuration"):
            load_config(path)


def in_range(field: dataclasses.Field) -> st.SearchStrategy:
    """Values that the field's type and metadata allow."""
    limits = field.metadata
    if limits.get("choices"):
        return st.sampled_from(limits["choices"])
    if type(field.default) is int:
        return st.integers(math.ceil(limits["low"]), math.floor(limits["high"]))
    if type(field.default) is float:
        return st.floats(limits["low"], limits["high"])
    if type(field.default) is bool:
        return st.booleans()
    return st.just(field.default)


valid = st.fixed_dictionaries(
    {
        name: st.fixed_dictionaries({}, optional={field.name: in_range(field) for field in dataclasses.fields(kind)})
        for name, kind in SECTIONS.items()
    }
)


def leaves_time_for_frames(tables: dict[str, dict[str, Any]]) -> bool:
    camera = CameraConfig(**tables["camera"])
    return camera.stall_timeout_s >= 3 * max(1 / camera.fps, camera.exposure_ms / 1000)


scalars = (
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["everyday", "balanced", "none", "auto"])
    | st.dates()
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=8), max_leaves=10)
keys = st.sampled_from(sorted({field.name for _, field in SETTINGS})) | st.text(max_size=6)
names = st.sampled_from(sorted(SECTIONS)) | st.text(max_size=6)
anything = st.dictionaries(names, st.dictionaries(keys, values, max_size=4), max_size=4)

quick = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(tables=valid.filter(leaves_time_for_frames))
def test_every_value_in_range_arrives(load, tables: dict[str, dict[str, Any]]):
    config = load(toml(tables))
    for section, table in tables.items():
        for key, value in table.items():
            assert getattr(getattr(config, section), key) == value


@quick
@given(tables=anything)
def test_wrong_values_never_give_anything_but_a_config_error(load, tables: dict[str, dict[str, Any]]):
    never_crashes(load, toml(tables))


@quick
@given(text=st.text(max_size=60) | st.text("[]=\"'{},.\n camera01#-", max_size=60))
def test_garbage_never_gives_anything_but_a_config_error(load, text: str):
    never_crashes(load, text)


def never_crashes(load, text: str) -> None:
    try:
        answer = load(text)
    except ConfigError as err:
        answer = err
    assert isinstance(answer, Config) or "\n" not in str(answer)


def toml(tables: dict[str, dict[str, Any]]) -> str:
    lines = []
    for section, table in tables.items():
        lines.append(f"[{quoted(section)}]")
        lines += [f"{quoted(key)} = {literal(value)}" for key, value in table.items()]
    return "\n".join(lines)


def literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, str):
        return quoted(value)
    return str(value)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
