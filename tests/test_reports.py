"""What `evaluate` and `compare` write: files, figures, pages, and no photograph where one could be published."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.emotion.labels import LABELS
from tests.synthetic_fer2013 import write_fer2013
from training import answers, comparison, measuring
from training.__main__ import main
from training.comparison import Contestant
from training.data import FaceSet
from training.errors import DataError
from training.reports import mistakes

ROOT = Path(__file__).parents[1]
FIGURES = ("protocols", "recall", "confusion", "calibration", "agreement", "corruptions")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_fer2013(folder, per_label=2)
    for label in LABELS[:6]:
        (folder / "ck" / label).mkdir(parents=True)
        for person in (1, 2):
            cv2.imwrite(str(folder / "ck" / label / f"S00{person}_1.png"), np.full((48, 48), 90, np.uint8))
    return folder


@pytest.fixture(scope="module")
def written(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the command leaves for the shipped model."""
    out = tmp_path_factory.mktemp("reports")
    options = [f"--data={data}", f"--ck={data / 'ck'}", f"--out={out}", "--split=PublicTest", "--corruptions"]
    assert main(["evaluate", "--model=emotion", *options]) == 0
    return out


def test_evaluate_writes_numbers_tables_figures_and_a_page(written: Path) -> None:
    names = {path.name for path in written.iterdir()}
    kinds = ("json", "md", "html", "answers.csv", *(f"{figure}.png" for figure in FIGURES))
    assert names == {f"emotion.PublicTest.{kind}" for kind in kinds} | {mistakes.FOLDER}
    for figure in FIGURES:
        assert cv2.imread(str(written / f"emotion.PublicTest.{figure}.png")).std() > 5
    result = json.loads((written / "emotion.PublicTest.json").read_text())
    assert result["everyday"]["faces"] == 14
    assert result["ck"]["balanced"]["faces"] == 6
    text = (written / "emotion.PublicTest.md").read_text()
    assert all(f"](emotion.PublicTest.{figure}.png)" in text for figure in FIGURES)


def test_the_page_needs_nothing_else(written: Path) -> None:
    page = (written / "emotion.PublicTest.html").read_text()
    assert page.count("data:image/png;base64,") == len(FIGURES)
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "<script" not in page


def test_photographs_stay_out_of_every_commit(written: Path) -> None:
    """Also where somebody writes a report into a repository and adds everything."""
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", "-C", str(written), *command], check=True)
    listed = subprocess.run(["git", "-C", str(written), "ls-files"], check=True, capture_output=True, text=True).stdout
    assert "emotion.PublicTest.md" in listed
    assert mistakes.FOLDER not in listed
    assert (written / mistakes.FOLDER / "emotion.PublicTest.mistakes.png").exists()


def test_the_surest_mistakes_come_first() -> None:
    labels = np.array([0, 0, 1, -1])
    shown = FaceSet(np.zeros((4, 48, 48), np.uint8), np.eye(7, dtype=np.float32)[[0, 0, 1, 0]], labels, np.arange(4))
    probabilities = np.eye(7)[[1, 2, 1, 3]] * np.array([[0.6], [0.9], [0.9], [0.9]])
    assert mistakes.worst(shown, probabilities).tolist() == [1, 0]


def test_a_perfect_model_has_no_sheet(tmp_path: Path) -> None:
    one = FaceSet(np.zeros((1, 48, 48), np.uint8), np.eye(7, dtype=np.float32)[:1], np.array([0]), np.arange(1))
    assert mistakes.sheet(one, np.eye(7)[:1], ["a"], tmp_path, "stem") is None
    assert not list(tmp_path.iterdir())


def test_two_reports_are_compared_face_by_face(written: Path, tmp_path: Path) -> None:
    first = written / "emotion.PublicTest.json"
    other = tmp_path / "other.json"
    other.write_text(json.dumps({**json.loads(first.read_text()), "model": "other"}))
    lines = answers.read(first.with_suffix(".answers.csv"))
    answers.write([{**line, "everyday": line["truth"]} for line in lines], other.with_suffix(".answers.csv"))
    assert main(["compare", str(first), str(other), f"--out={tmp_path}"]) == 0
    compared = json.loads((tmp_path / "compare.json").read_text())
    pair = compared["pairs"][0]
    assert (pair["set"], pair["base_rates"], pair["faces"]) == ("majority", "everyday", 14)
    wrong = 14 - round(14 * compared["models"]["emotion"]["everyday"]["accuracy"]["value"])
    assert (pair["only_first_right"], pair["only_this_right"]) == (0, wrong)
    assert pair["difference"]["value"] == pytest.approx(wrong / 14, abs=1e-4)
    assert {path.name for path in tmp_path.glob("compare.*")} == {
        f"compare.{kind}" for kind in ("json", "md", "html", "png")
    }


@pytest.mark.parametrize("scores", [{}, 3, None, {"faces": 14, "accuracy": 0.8}, {"faces": None, "accuracy": {}}])
@pytest.mark.parametrize("rates", ["everyday", "balanced"])
def test_a_report_without_its_main_numbers_is_named(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], rates: str, scores: object
) -> None:
    whole, damaged = written / "emotion.PublicTest.json", tmp_path / "damaged.json"
    damaged.write_text(json.dumps({**json.loads(whole.read_text()), "model": "other", rates: scores}))
    assert main(["compare", str(whole), str(damaged), f"--out={tmp_path / 'out'}"]) == 2
    assert f"{damaged} is no report of `python -m training evaluate`: it has no '{rates}'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_part_of_a_report_that_says_nothing_is_left_out(written: Path, tmp_path: Path) -> None:
    whole, poorer = written / "emotion.PublicTest.json", tmp_path / "poorer.json"
    poorer.write_text(json.dumps({**json.loads(whole.read_text()), "model": "other", "ck": None}))
    assert main(["compare", str(whole), str(poorer), f"--out={tmp_path}"]) == 0
    (line,) = (one for one in (tmp_path / "compare.md").read_text().splitlines() if one.startswith("| CK+, everyday"))
    assert line.endswith("| – |")


def test_a_file_instead_of_a_folder_is_said_before_the_measuring(
    data: Path, written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("measured")

    monkeypatch.setattr(measuring, "measure", never)
    (tmp_path / "afile").write_text("mine")
    out = tmp_path / "afile"
    for command in (["evaluate", "--model=emotion"], ["compare", "emotion", str(written / "emotion.PublicTest.json")]):
        for folder in (out, out / "inside"):
            assert main([*command, f"--data={data}", "--split=PublicTest", f"--out={folder}"]) == 2
            assert capsys.readouterr().err == f"training: {out} is a file; name a folder for --out\n"
    assert out.read_text() == "mine"


def test_another_picture_of_the_same_name_is_another_face(written: Path, tmp_path: Path) -> None:
    lines = answers.read((written / "emotion.PublicTest.json").with_suffix(".answers.csv"))
    assert len({line["pixels_sha256"] for line in lines if line["set"] == "majority"}) == 14
    same = Contestant("one", {}, answers.right(lines))
    repainted = answers.right([{**line, "pixels_sha256": "0" * 16} for line in lines])
    assert comparison.paired(same, Contestant("other", {}, answers.right(lines)))
    assert not comparison.paired(same, Contestant("other", {}, repainted))


def test_models_and_reports_may_be_mixed(
    data: Path, written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = str(written / "emotion.PublicTest.json")
    assert main(["compare", report, "emotion", f"--data={data}", "--split=PublicTest", f"--out={tmp_path}"]) == 0
    pairs = json.loads((tmp_path / "compare.json").read_text())["pairs"]
    assert {pair["set"] for pair in pairs} == {"majority", "FER2013 labels"}
    assert all(pair["mcnemar_p"] == 1 and pair["difference"]["value"] == 0 for pair in pairs)


def test_other_faces_are_not_paired() -> None:
    one = Contestant("one", {}, {("majority", "everyday"): {"a sad": True, "b sad": True}})
    other = Contestant("other", {}, {("majority", "everyday"): {"a sad": True, "c sad": True}})
    assert comparison.paired(one, other) == []
    assert comparison.paired(one, Contestant("report without answers", {}, None)) == []


def test_models_of_one_name_are_called_by_their_paths() -> None:
    twice = [Contestant("emotion", {}, None), Contestant("emotion", {}, None)]
    assert [one.name for one in comparison.told_apart(twice, ["a/emotion", "b/emotion"])] == ["a/emotion", "b/emotion"]
    with pytest.raises(DataError, match="named twice"):
        comparison.told_apart(twice, ["emotion", "emotion"])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["compare", "emotion", str(ROOT / "models" / "emotion.tflite")], "add --data"),
        (["compare", "emotion"], "at least two"),
        (["compare", "none.json", "none.json"], "cannot read none.json"),
        (["compare", str(ROOT / "models" / "face.json"), "x.json"], "it has no 'model'"),
        (["evaluate", "--model=emotion", "--data=nowhere"], "nowhere is missing"),
        (["evaluate", "--model=none.tflite", "--data=nowhere"], "no model 'none.tflite'"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("training: ")
    assert complaint in said
    assert said.count("\n") == 1
