"""`python -m training`: train a network by a recipe, measure model files, compare them."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from edge.errors import EdgeError
from training import measuring
from training.data import DataError, FaceSet, read_fer2013, with_crowd_votes


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
    splits = read_crowd(options.data)
    from training.recipe import load_recipe
    from training.train import train

    train(load_recipe(options.recipe), splits["Training"], splits["PublicTest"], options.run, options.seed)
    return 0


def read_crowd(folder: Path) -> dict[str, FaceSet]:
    """FER2013's pictures with the crowd's votes, by split, from the authors' two files in one folder."""
    return with_crowd_votes(read_fer2013(folder / "fer2013.csv"), folder / "fer2013new.csv")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="training", description=__doc__)
    actions = parser.add_subparsers(required=True, metavar="train | evaluate | compare")
    train = actions.add_parser("train", help="train a network; continues a run that was cut off")
    train.add_argument("recipe", help="a file of training/recipes, e.g. crowd")
    train.add_argument("--data", type=Path, required=True, help="folder with fer2013.csv and fer2013new.csv")
    train.add_argument("--run", type=Path, required=True, help="folder for weights, curves and facts")
    train.add_argument("--seed", type=int, default=1)
    train.set_defaults(action=_train)
    measuring.add_commands(actions)
    return parser


if __name__ == "__main__":
    sys.exit(main())
