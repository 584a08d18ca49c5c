"""`python -m quantize`: choose calibration faces, convert a trained run to int8, report what that cost, pack it."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from pathlib import Path

from edge.emotion.labels import LABELS
from edge.emotion.tflite import find_model
from edge.errors import EdgeError
from quantize import calibration, golden, listing
from quantize.pair import Pair, foreign_pair, shipped_pair
from quantize.pictures import class_names, read_pictures
from quantize.publish import publish
from quantize.report import Question, compare
from quantize.statements import LICENCE
from training.__main__ import read_crowd
from training.data import SPLITS, DataError
from training.evaluate import held_out

log = logging.getLogger("quantize")


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    # The converter takes networks of the TensorFlow backend only, whichever one trained them.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        return options.action(options)
    except (DataError, EdgeError, OSError) as err:
        sys.stderr.write(f"quantize: {err}\n")
        return 2


def _choose(options: argparse.Namespace) -> int:
    choices = calibration.choose(read_crowd(options.data)["Training"], options.seed)
    calibration.write_choices(choices, options.calibration)
    log.info("%s: %d pictures", options.calibration, len(choices))
    return 0


def _convert(options: argparse.Namespace) -> int:
    choices = calibration.read_choices(options.calibration)
    splits = read_crowd(options.data)
    test = held_out(splits, options.data, "PrivateTest", options.ck)
    from quantize.convert import convert

    target = options.out / f"{options.name}.tflite"
    card = convert(options.run, splits, test, choices, options.licence, target)
    accuracy = card["metrics"]["everyday"]["accuracy"]["value"]
    log.info("%s: %d bytes, PrivateTest accuracy %.2f %%", target, card["size_bytes"], 100 * accuracy)
    if (options.out / listing.README).exists():
        listing.refresh(options.out)
    return 0


def _report(options: argparse.Namespace) -> int:
    from quantize.markdown import as_markdown
    from quantize.page import as_page

    pair, question, stem = _foreign(options) if options.float else _shipped(options)
    result = compare(pair, question)
    if options.sweep:
        from quantize.sweep import sweep

        result["sweep"] = sweep(options.run, read_crowd(options.data))
    page = as_markdown(result)
    stem.parent.mkdir(parents=True, exist_ok=True)
    texts = {"json": json.dumps(result, indent=2, allow_nan=False) + "\n", "md": page, "html": as_page(result)}
    publish({stem.with_name(f"{stem.name}.report.{kind}"): text for kind, text in texts.items()})
    sys.stdout.write(page)
    return 0 if result["within_limit"] else 1


def _shipped(options: argparse.Namespace) -> tuple[Pair, Question, Path]:
    """One of our models and its run, on the crowd's faces."""
    if not (options.run and options.model):
        raise DataError("a report needs --run and --model, or --float and --int8")
    model = find_model(options.model)
    pair = shipped_pair(options.run, model)
    faces = read_crowd(options.data)[options.split].labelled()
    if not len(faces):
        raise DataError(f"{options.data} holds no labelled face of {options.split}")
    question = Question(model.stem, f"FER+ {options.split}, everyday base rates", faces, LABELS, options.limit_points)
    return pair, question, (options.out or model.parent) / model.stem


def _foreign(options: argparse.Namespace) -> tuple[Pair, Question, Path]:
    """Any classifier, on a folder of pictures by class."""
    if not options.int8 or options.run or options.model or options.sweep:
        raise DataError("--float goes with --int8 and without --run, --model and --sweep")
    pair = foreign_pair(options.float, options.int8, tuple(options.pixels) if options.pixels else None)
    labels = tuple(name.strip() for name in options.labels.split(",")) if options.labels else None
    names = class_names(options.data, labels, pair.classes)
    pictures = read_pictures(options.data, names, pair.int8.shape)
    name = options.int8.stem
    question = Question(name, f"the folder {options.data.name}", pictures, names, options.limit_points)
    return pair, question, (options.out or options.int8.parent) / name


def _golden(options: argparse.Namespace) -> int:
    for model in golden.emotion_models():
        log.info("%s", golden.write(model))
    return 0


def _bundle(options: argparse.Namespace) -> int:
    from quantize import bundle

    made = bundle.make_bundle(find_model(options.model), options.version, tuple(options.board), options.needs or "")
    path = bundle.write(made, options.out)
    log.info("%s: %d kB; next: minisign -Sm %s", path, path.stat().st_size // 1000, path)
    return 0


def _list(options: argparse.Namespace) -> int:
    listing.refresh(options.out)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="quantize", description=__doc__)
    actions = parser.add_subparsers(required=True, metavar="choose | convert | report | bundle | list | golden")

    choose = actions.add_parser("choose", help="draw the calibration faces anew")
    choose.add_argument("--seed", type=int, default=1)
    choose.set_defaults(action=_choose)

    convert = actions.add_parser("convert", help="write an int8 model and its card from a trained run")
    convert.add_argument("--run", type=Path, required=True, help="folder of `python -m training train`")
    convert.add_argument("--out", type=Path, default=Path("models"))
    convert.add_argument("--name", required=True, help="stem of the model's files, e.g. emotion")
    convert.add_argument("--ck", type=Path, help="folder of CK+ faces by emotion, to measure on them, too")
    convert.add_argument("--licence", default=LICENCE, help="the card's words on the weights' licence")
    convert.set_defaults(action=_convert)

    report = actions.add_parser("report", help="measure float against int8; exit 1 above the limit")
    report.add_argument("--run", type=Path, help="folder of the run that the model was made from")
    report.add_argument("--model", help="a .tflite file with its card, or a name such as emotion")
    report.add_argument("--float", type=Path, help="instead of --run: any classifier, .keras or .tflite")
    report.add_argument("--int8", type=Path, help="instead of --model: the same classifier as an int8 .tflite")
    report.add_argument(
        "--labels",
        help="with --float: names of the answers in the network's order, a,b,c; by default "
        "the folders of --data, sorted",
    )
    report.add_argument(
        "--pixels",
        type=float,
        nargs=2,
        metavar=("BLACK", "WHITE"),
        help="with --float: what the network takes black and white for; by default read from the int8 file's input",
    )
    report.add_argument("--split", choices=SPLITS, default="PrivateTest")
    report.add_argument("--limit-points", type=float, default=0.5, help="points of accuracy that int8 may lose")
    report.add_argument("--sweep", action="store_true", help="also convert with 50 to 2000 calibration faces (slower)")
    report.add_argument("--out", type=Path, help="folder for the three files; by default the int8 file's")
    report.set_defaults(action=_report)

    for action in (choose, convert, report):
        words = "folder with fer2013.csv and fer2013new.csv" + ("; with --float a folder a class" * (action is report))
        action.add_argument("--data", type=Path, required=True, help=words)
    for action in (choose, convert):
        action.add_argument("--calibration", type=Path, default=calibration.ROWS_FILE, help="the committed choice")

    bundle = actions.add_parser("bundle", help="pack a model for `emotion-edge model install` on devices")
    bundle.add_argument("--model", required=True, help="a .tflite file with its card, or a name such as emotion")
    bundle.add_argument("--version", required=True, help="of the model: a date, a number, what you like")
    bundle.add_argument(
        "--board",
        action="append",
        default=[],
        help="only for such devices: aarch64, or how the board's name begins, 'Raspberry Pi 5'; again for more",
    )
    bundle.add_argument("--needs", metavar="VERSION", help="the oldest emotion-edge it is for")
    bundle.add_argument("--out", type=Path, default=Path("bundles"), help="folder to write it into (default: bundles)")
    bundle.set_defaults(action=_bundle)

    listed = actions.add_parser("list", help="write the table of models/README.md anew from the cards")
    listed.add_argument("--out", type=Path, default=Path("models"))
    listed.set_defaults(action=_list)

    fixed = actions.add_parser("golden", help="write anew what the shipped emotion models answer to fixed pictures")
    fixed.set_defaults(action=_golden)
    return parser


if __name__ == "__main__":
    sys.exit(main())
