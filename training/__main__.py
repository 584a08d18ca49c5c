"""`python -m training`: train a network by a recipe, evaluate a model file."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from edge.errors import EdgeError
from training.data import SPLITS, DataError, FaceSet, read_fer2013, with_crowd_votes


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        return options.action(options)
    except (DataError, EdgeError) as err:
        print(f"training: {err}", file=sys.stderr)
        return 2


def _train(options: argparse.Namespace) -> int:
    from training.recipe import load_recipe
    from training.train import train

    recipe = load_recipe(options.recipe)
    if recipe.finds_faces:
        from training.detection.task import train_detector

        train_detector(recipe, options.data, options.run, options.seed)
        return 0
    splits = read_crowd(options.data)
    train(recipe, splits["Training"], splits["PublicTest"], options.run, options.seed)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from edge.emotion.classifier import EmotionClassifier
    from edge.emotion.tflite import find_model
    from training import evaluation_report
    from training.evaluate import held_out, measure

    path = find_model(options.model)
    classifier = EmotionClassifier(path)
    test = held_out(read_crowd(options.data), options.data, options.split, options.ck)
    result = {"model": path.stem, "sha256": classifier.card["sha256"]}
    result |= measure(classifier, test, options.corruptions)
    title = f"{path.stem} on {options.split}"
    evaluation_report.show(result, title)
    if options.out:
        evaluation_report.write(result, title, options.out, f"{path.stem}.{options.split}")
    return 0


def read_crowd(folder: Path) -> dict[str, FaceSet]:
    """FER2013's pictures with the crowd's votes, by split, from the authors' two files in one folder."""
    return with_crowd_votes(read_fer2013(folder / "fer2013.csv"), folder / "fer2013new.csv")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="training", description=__doc__)
    actions = parser.add_subparsers(required=True, metavar="train | evaluate")
    train = actions.add_parser("train", help="train a network; continues a run that was cut off")
    train.add_argument("recipe", help="a file of training/recipes, e.g. crowd")
    train.add_argument(
        "--data",
        type=Path,
        required=True,
        help="folder with fer2013.csv and fer2013new.csv; for a face detector, with boxes.csv and images",
    )
    train.add_argument("--run", type=Path, required=True, help="folder for weights, curves and facts")
    train.add_argument("--seed", type=int, default=1)
    train.set_defaults(action=_train)
    evaluate = actions.add_parser("evaluate", help="measure a .tflite model and its card as the device runs them")
    evaluate.add_argument("--model", required=True, help="a .tflite file, or a name such as emotion")
    evaluate.add_argument("--data", type=Path, required=True, help="folder with fer2013.csv and fer2013new.csv")
    evaluate.add_argument("--ck", type=Path, help="folder of CK+ faces by emotion; the later half of the people counts")
    evaluate.add_argument("--split", choices=SPLITS, default="PrivateTest")
    evaluate.add_argument("--corruptions", action="store_true", help="also spoil the faces in 14 ways (slower)")
    evaluate.add_argument("--out", type=Path, help="folder to write JSON and Markdown into")
    evaluate.set_defaults(action=_evaluate)
    return parser


if __name__ == "__main__":
    sys.exit(main())
