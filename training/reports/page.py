"""A report as one page of HTML: figures inside, no script, nothing from the network, no photographs."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import jinja2

from training.reports import tables
from training.reports.tables import interval, percent, percent_or_dash

HERE = Path(__file__).parent


def as_page(result: dict[str, Any], title: str, figures: dict[str, Path]) -> str:
    """The evaluation of one model. figures: as `training.reports.figures.draw` returns them."""
    return rendered(
        "evaluation.html",
        title=title,
        r=result,
        setting=tables.setting(result),
        headline=tables.headline(result),
        labels=tables.by_label(result),
        label_header=tables.LABEL_HEADER,
        figures={name: embedded(path) for name, path in figures.items()},
    )


def rendered(template: str, **values: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"percent": percent, "interval": interval, "percent_or_dash": percent_or_dash}
    return environment.get_template(template).render(**values)


def embedded(path: Path) -> str:
    """The picture as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
