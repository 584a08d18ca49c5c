"""`python -m training`: train a network by a recipe, measure model files, compare them."""

from __future__ import annotations

import argparse
import csv
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path

from edge.errors import EdgeError
from training import measuring
from training.seeds import seed
from training.sources import read_source


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        return options.action(options)
    except (UnicodeDecodeError, csv.Error) as err:
        print(f"training: {', '.join(map(str, _data(options)))}: not a text file in UTF-8 ({err})", file=sys.stderr)
        return 2
    except (EdgeError, OSError) as err:
        print(f"training: {err}", file=sys.stderr)
        return 2


def _data(options: argparse.Namespace) -> list[object]:
    """What --data named."""
    named = getattr(options, "data", None) or []
    return list(named) if isinstance(named, list) else [named]


def _train(options: argparse.Namespace) -> int:
    from training.recipe import load_recipe, with_knobs

    recipe = with_knobs(load_recipe(options.recipe), options.set)
    if options.teacher:
        recipe = replace(recipe, teachers=tuple(options.teacher))
    if recipe.finds_faces:
        from training.detection.task import train_detector

        train_detector(recipe, Path(options.data[0]), options.run, options.seed)
        return 0
    from training.board import board
    from training.emotions import train_emotions

    watch = board(options.run) if options.tensorboard else None
    train_emotions(recipe, options.data, options.run, options.seed, watch)
    return 0


def _average(options: argparse.Namespace) -> int:
    from training.soup import average

    print(average(options.runs, read_source(options.data)["PublicTest"], options.run))
    return 0


def _export(options: argparse.Namespace) -> int:
    if options.out.suffix == ".tflite":
        os.environ["KERAS_BACKEND"] = "tensorflow"  # the only one it can be made from
    from training.export import export

    export(options.network, options.out)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="training", description=__doc__)
    actions = parser.add_subparsers(required=True, metavar="train | average | evaluate | compare | export")
    train = actions.add_parser("train", help="train a network; continues a run that was cut off")
    train.add_argument("recipe", help="a file of training/recipes, e.g. crowd")
    train.add_argument(
        "--data",
        required=True,
        nargs="+",
        metavar="DATA",
        help="folder with fer2013.csv and fer2013new.csv, a folder of pictures for each emotion, or a CSV file of "
        "path,emotion; several are mixed, DATA@3 is seen three times an epoch; for a face detector, with boxes.csv and "
        "images",
    )
    train.add_argument("--run", type=Path, required=True, help="folder for weights, curves and facts")
    train.add_argument("--seed", type=seed, default=1)
    several = {"nargs": "+", "action": "extend"}
    train.add_argument("--set", **several, default=[], metavar="KNOB=VALUE", help="change knobs of the recipe")
    train.add_argument("--teacher", **several, help="learn also from these: run folders, .keras files, shipped models")
    train.add_argument("--tensorboard", action="store_true", help="also write the curves for TensorBoard")
    train.set_defaults(action=_train)
    mean = actions.add_parser("average", help="the mean of the weights of runs that began one from the other")
    mean.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run folders; the last one's facts are kept")
    mean.add_argument("--data", type=Path, required=True, help="folder with fer2013.csv and fer2013new.csv")
    mean.add_argument("--run", type=Path, required=True, help="folder to write")
    mean.set_defaults(action=_average)
    export = actions.add_parser("export", help="write a trained network as .keras, .npz or .tflite (float32)")
    export.add_argument("network", help="a run folder, a .keras file, or a shipped model such as emotion")
    export.add_argument("--out", type=Path, required=True, help="the file to write; its suffix is the format")
    export.set_defaults(action=_export)
    measuring.add_commands(actions)
    return parser


if __name__ == "__main__":
    sys.exit(main())
