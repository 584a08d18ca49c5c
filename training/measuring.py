"""The commands `evaluate` and `compare`: read the faces, measure or read reports, show and write."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge.emotion.classifier import EmotionClassifier
from edge.emotion.tflite import find_model
from training import answers
from training.errors import DataError
from training.evaluate import Measured, measure
from training.held_out import HeldOut, held_out, known
from training.splits import SPLITS


def add_commands(actions: Any) -> None:
    """Add both to the parser's actions."""
    evaluate = actions.add_parser("evaluate", help="measure a .tflite model and its card as the device runs them")
    evaluate.add_argument("--model", required=True, help="a .tflite file, or a name such as emotion")
    evaluate.set_defaults(action=_evaluate)
    compare = actions.add_parser("compare", help="several models or reports side by side, face by face")
    compare.add_argument("models", nargs="+", metavar="MODEL", help=".tflite, a name, or a report of evaluate (.json)")
    compare.set_defaults(action=_compare)
    for action in (evaluate, compare):
        words = (
            "folder with fer2013.csv and fer2013new.csv, a folder of pictures for each emotion, or a CSV file of paths"
        )
        action.add_argument("--data", type=Path, required=action is evaluate, help=words)
        action.add_argument(
            "--ck", type=Path, help="folder of CK+ faces by emotion; the later half of the people counts"
        )
        action.add_argument("--split", choices=SPLITS, default="PrivateTest")
        action.add_argument("--corruptions", action="store_true", help="also spoil the faces in 14 ways (slower)")
        action.add_argument("--out", type=Path, help="folder to write report, figures and page into")


def _evaluate(options: argparse.Namespace) -> int:
    from training.reports import files, tables

    opened = _opened(options.model)
    _make(options.out)
    test = _faces(options)
    measured = _measured(*opened, test, options.corruptions)
    title = f"{measured.result['model']} on {test.split}"
    tables.show(measured.result, title)
    if options.out:
        stem = f"{measured.result['model']}.{test.split}"
        _say(files.write(test, measured, title, options.out, stem))
    return 0


def _compare(options: argparse.Namespace) -> int:
    from training.comparison import Contestant, compare, from_report, told_apart
    from training.reports import side_by_side

    if len(options.models) < 2:
        raise DataError("name at least two models or reports to compare")
    read = {name: from_report(Path(name)) for name in options.models if Path(name).suffix == ".json"}
    opened = {name: _opened(name) for name in options.models if name not in read}
    if opened and options.data is None:
        raise DataError("models need faces to be measured on: add --data, or name reports of evaluate (.json)")
    _make(options.out)
    if opened:
        test = _faces(options)
        for name, (path, classifier) in opened.items():
            measured = _measured(path, classifier, test, options.corruptions)
            right = answers.right(answers.table(test, measured))
            read[name] = Contestant(measured.result["model"], measured.result, right)
    compared = compare(told_apart([read[name] for name in options.models], options.models))
    side_by_side.show(compared)
    if options.out:
        _say(side_by_side.write(compared, options.out))
    return 0


def _faces(options: argparse.Namespace) -> HeldOut:
    return held_out(known(options.data), options.split, options.ck)


def _opened(model: str) -> tuple[Path, EmotionClassifier]:
    """Before any face is read, which takes a while. Raises ModelError."""
    path = find_model(model)
    return path, EmotionClassifier(path)


def _make(folder: Path | None) -> None:
    """Before anything is measured, which takes a while. Raises DataError where a file is in the way."""
    if folder is None:
        return
    for place in (folder, *folder.parents):
        if place.exists() and not place.is_dir():
            raise DataError(f"{place} is a file; name a folder for --out")
    folder.mkdir(parents=True, exist_ok=True)


def _measured(path: Path, classifier: EmotionClassifier, test: HeldOut, corruptions: bool) -> Measured:
    """With what the file is called, its checksum and size."""
    measured = measure(classifier, test, corruptions)
    facts = {"model": path.stem, "sha256": classifier.card["sha256"], "size_bytes": path.stat().st_size}
    return replace(measured, result=facts | measured.result)


def _say(written: list[Path]) -> None:
    sys.stderr.write(f"training: wrote {', '.join(str(path) for path in written)}\n")
