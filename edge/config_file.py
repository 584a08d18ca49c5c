"""The owner's settings, read once from one TOML file, checked, frozen."""

from __future__ import annotations

import dataclasses
import difflib
import sys
import types
import typing
from pathlib import Path
from typing import Any

from edge.config import Config
from edge.config_rules import as_written, check_relations
from edge.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def load_config(path: Path) -> Config:
    """Read a TOML file; what it leaves out has its default. Raises ConfigError naming the key and what is allowed."""
    tables = _read_toml(path)
    sections: dict[str, Any] = {}
    known = {section.name: section for section in dataclasses.fields(Config)}
    for name, table in tables.items():
        if name not in known:
            raise ConfigError(f"{path}: unknown section {name!r}{_suggestion(name, known)}")
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: {name} = {as_written(table)} stands outside a section")
        kind: type = type(known[name].default)
        sections[name] = kind(**{key: _checked(kind, f"{path}: [{name}] ", key, v) for key, v in table.items()})
    config = Config(**sections)
    check_relations(config, path)
    return config


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        # -sig: some editors put a byte order mark first.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(f"{path}: cannot read the configuration: {err}") from err
    except (ValueError, RecursionError) as err:  # ValueError: wrong TOML, or a number of thousands of digits
        raise ConfigError(f"{path}: not valid TOML: {err}") from err


def _checked(kind: type, place: str, key: str, value: Any) -> Any:
    """The value of one key in the type and range its field asks for."""
    fields = {field.name: field for field in dataclasses.fields(kind)}
    if key not in fields:
        raise ConfigError(f"{place}unknown key {key!r}{_suggestion(key, fields)}")
    where = f"{place}{key} = {as_written(value)}"
    wanted = typing.get_type_hints(kind)[key]
    value = _typed(wanted, where, value)
    if value == "" and fields[key].default != "":
        raise ConfigError(f"{where}: must not be empty; leave the line out for {as_written(fields[key].default)}")
    limits = fields[key].metadata
    if choices := limits.get("choices"):
        if value not in choices:
            raise ConfigError(f"{where}: must be one of {', '.join(map(str, choices))}")
    elif limits and not limits["low"] <= value <= limits["high"]:
        raise ConfigError(f"{where}: must be between {limits['low']} and {limits['high']}")
    return float(value) if wanted is float else value


def _typed(wanted: Any, where: str, value: Any) -> Any:
    """The value itself where a field of this type may hold it: a float's may be whole, an array becomes a tuple."""
    if isinstance(wanted, types.UnionType):
        return tuple(value) if isinstance(value, list) else value
    if wanted is float and type(value) is int:
        return value
    if type(value) is not wanted:
        names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
        raise ConfigError(f"{where}: must be {names[wanted]}")
    if isinstance(value, str) and "\0" in value:
        raise ConfigError(f"{where}: must not hold a zero character")
    return value


def _suggestion(name: str, known: typing.Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known are {', '.join(known)}"
