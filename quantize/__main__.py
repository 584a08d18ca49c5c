"""`python -m quantize`: choose calibration faces, convert a trained run to int8, report what that cost, pack it."""

from __future__ import annotations

import argparse
import csv
import json
import logging
import os
import sys
from pathlib import Path

from edge.emotion.card import load_verified
from edge.emotion.tflite import find_model
from edge.errors import EdgeError
from quantize import calibration, cards, golden, questions
from quantize.pair import Pair
from quantize.publish import publish
from quantize.questions import as_learnt, calibration_choices, recipe_of
from quantize.report import Question, compare
from training.errors import DataError
from training.held_out import held_out, known
from training.splits import SPLITS

log = logging.getLogger("quantize")

DATA = "folder with fer2013.csv and fer2013new.csv"


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    # The converter takes networks of the TensorFlow backend only, whichever one trained them.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        return options.action(options)
    except (UnicodeDecodeError, csv.Error) as err:
        sys.stderr.write(f"quantize: {getattr(options, 'data', None)}: not a text file in UTF-8 ({err})\n")
        return 2
    except (EdgeError, OSError) as err:
        sys.stderr.write(f"quantize: {err}\n")
        return 2


def _choose(options: argparse.Namespace) -> int:
    faces = known(options.data)
    choices = calibration.choose(faces.splits["Training"], options.seed, fewer=faces.keywords is None)
    if options.calibration is None and faces.keywords is None:
        raise DataError(
            f"name the file for these pictures' choice: --calibration FILE ({calibration.ROWS_FILE.name} is FER2013's)"
        )
    file = options.calibration or calibration.ROWS_FILE
    calibration.write_choices(choices, file)
    log.info("%s: %d pictures", file, len(choices))
    return 0


def _convert(options: argparse.Namespace) -> int:
    faces = known(options.data)
    pictures = calibration.representative(faces.splits["Training"], calibration_choices(options.calibration, faces))
    from quantize.convert import convert

    faces = as_learnt(faces, recipe_of(options.run))
    test = held_out(faces, options.split, options.ck)

    target = options.out / f"{options.name}.tflite"
    selection = faces.splits["PublicTest"]
    card = convert(options.run, pictures, selection, test, options.licence, target, options.method)
    accuracy = card["metrics"]["everyday"]["accuracy"]["value"]
    log.info("%s: %d bytes, made by %s", target, card["size_bytes"], card["quantization"]["method"])
    log.info("%s accuracy %.2f %%", test.split, 100 * accuracy)
    if cards.made_here(options.out / cards.README):
        cards.write(options.out)
    return 0


def _calibrate(options: argparse.Namespace) -> int:
    model = find_model(options.model)
    recipe = load_verified(model)[1].get("training", {}).get("recipe", {})
    from quantize.describe import calibrated_again

    faces = as_learnt(known(options.data), recipe)
    test = held_out(faces, options.split, options.ck)
    card = calibrated_again(model, faces.splits["PublicTest"], test)
    log.info("%s: temperature %.3f, uncertain below %.3f", model, card["temperature"], card["uncertain_below"])
    log.info("%s accuracy %.2f %%", test.split, 100 * card["metrics"]["everyday"]["accuracy"]["value"])
    if cards.made_here(model.parent / cards.README):
        cards.write(model.parent)
    return 0


def _methods(options: argparse.Namespace) -> int:
    faces = known(options.data)
    pictures = calibration.representative(faces.splits["Training"], calibration_choices(options.calibration, faces))
    from quantize.convert import checksum, load_float32
    from quantize.markdown import method_table
    from quantize.methods import Source, compare_methods, write_lines

    network = checksum(options.run)
    selection = as_learnt(faces, recipe_of(options.run)).splits["PublicTest"]
    lines = compare_methods(Source.of(load_float32(options.run), pictures), selection)
    write_lines(options.run, network, lines)
    sys.stdout.write(method_table(lines))
    return 0


def _report(options: argparse.Namespace) -> int:
    from quantize.markdown import as_markdown
    from quantize.page import as_page

    pair, question, model = _asked(options)
    stem = (options.out or model.parent) / model.stem
    result = compare(pair, question)
    result["quantization"] = load_verified(model)[1].get("quantization") if options.model else None
    if options.sweep:
        from quantize.methods import DEFAULT
        from quantize.sweep import sweep

        method = (result["quantization"] or {"method": DEFAULT})["method"]
        result["sweep"] = sweep(options.run, known(options.data).splits, method)
    page = as_markdown(result)
    stem.parent.mkdir(parents=True, exist_ok=True)
    texts = {"json": json.dumps(result, indent=2, allow_nan=False) + "\n", "md": page, "html": as_page(result)}
    publish({stem.with_name(f"{stem.name}.report.{kind}"): text for kind, text in texts.items()})
    sys.stdout.write(page)
    return 0 if result["within_limit"] else 1


def _asked(options: argparse.Namespace) -> tuple[Pair, Question, Path]:
    """The two files, what they are asked, and the int8 one."""
    if options.float:
        if not options.int8 or options.run or options.model or options.sweep or options.ck:
            raise DataError("--float goes with --int8 and without --run, --model, --ck and --sweep")
        labels = tuple(name.strip() for name in options.labels.split(",")) if options.labels else None
        pixels = tuple(options.pixels) if options.pixels else None
        named = {"labels": labels, "pixels": pixels, "limit_points": options.limit_points}
        return *questions.foreign(options.float, options.int8, options.data, **named), options.int8
    if not (options.run and options.model):
        raise DataError("a report needs --run and --model, or --float and --int8")
    model = find_model(options.model)
    named = {"split": options.split, "ck": options.ck, "limit_points": options.limit_points}
    return *questions.shipped(options.run, model, options.data, **named), model


def _golden(options: argparse.Namespace) -> int:
    for model in golden.integer_models():
        log.info("%s", golden.write(model))
    return 0


def _bundle(options: argparse.Namespace) -> int:
    from quantize import bundle

    made = bundle.make_bundle(find_model(options.model), options.version, tuple(options.board), options.needs or "")
    path = bundle.write(made, options.out)
    log.info("%s: %d kB; next: minisign -Sm %s", path, path.stat().st_size // 1000, path)
    return 0


def _cards(options: argparse.Namespace) -> int:
    cards.write(options.out)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="quantize", description=__doc__)
    actions = parser.add_subparsers(
        required=True, metavar="choose | methods | convert | calibrate | report | bundle | cards | golden"
    )
    _add_making(actions)
    _add_report(actions)
    _add_bundle(actions)

    written = actions.add_parser("cards", help="write models/README.md and its charts anew from the cards")
    written.add_argument("--out", type=Path, default=Path("models"))
    written.set_defaults(action=_cards)

    fixed = actions.add_parser("golden", help="write anew what the shipped emotion models answer to fixed pictures")
    fixed.set_defaults(action=_golden)
    return parser


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number from 0 to {2**32 - 1}")
    return int(text)


def _add_making(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """From a trained run to a model."""
    choose = actions.add_parser("choose", help="draw the calibration faces anew")
    choose.add_argument("--seed", type=_seed, default=1, metavar="0..4294967295")
    choose.set_defaults(action=_choose)

    convert = actions.add_parser("convert", help="write an int8 model and its card from a trained run")
    convert.add_argument("--run", type=Path, required=True, help="folder of `python -m training train`")
    convert.add_argument("--out", type=Path, default=Path("models"))
    convert.add_argument("--name", required=True, help="stem of the model's files, e.g. emotion")
    convert.add_argument("--ck", type=Path, help="folder of CK+ faces by emotion, to measure on them, too")
    words = "the card's words on the weights' licence; by default what is known of the pictures they were made from"
    convert.add_argument("--licence", help=words)
    convert.add_argument("--method", help="how to make it int8; by default what `methods` measured as best for the run")
    convert.set_defaults(action=_convert)

    again = actions.add_parser("calibrate", help="fit the card of a finished model anew, for example to your own faces")
    again.add_argument("--model", required=True, help="a .tflite file with its card, or a name such as emotion")
    again.add_argument("--data", type=Path, required=True, help=DATA + ", or a folder of faces by emotion")
    again.add_argument("--ck", type=Path, help="folder of CK+ faces by emotion, to measure on them, too")
    again.set_defaults(action=_calibrate)

    for action in (convert, again):
        words = "what the card's numbers are measured on (default: %(default)s); a card of PublicTest flatters"
        action.add_argument("--split", choices=("PublicTest", "PrivateTest"), default="PrivateTest", help=words)

    methods = actions.add_parser(
        "methods", help="measure every way to make a run int8, on PublicTest; remembered in it"
    )
    methods.add_argument("--run", type=Path, required=True, help="folder of `python -m training train`")
    methods.set_defaults(action=_methods)

    for action in (choose, methods, convert):
        action.add_argument("--data", type=Path, required=True, help=DATA + ", or a folder of faces by emotion")
        words = "file of the choice; by default the committed one, for pictures other than FER2013 a new one"
        action.add_argument("--calibration", type=Path, help=words)


def _add_report(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    report.add_argument("--ck", type=Path, help="with --model: folder of CK+ faces by emotion, compared on, too")
    report.add_argument("--split", choices=SPLITS, default="PrivateTest")
    report.add_argument("--limit-points", type=float, default=0.5, help="points of accuracy that int8 may lose")
    report.add_argument("--sweep", action="store_true", help="also convert with 50 to 2000 calibration faces (slower)")
    report.add_argument("--out", type=Path, help="folder for the three files; by default the int8 file's")
    report.add_argument("--data", type=Path, required=True, help=f"{DATA}; with --float a folder a class")
    report.set_defaults(action=_report)


def _add_bundle(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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


if __name__ == "__main__":
    sys.exit(main())
