"""The notebook runs from top to bottom: the smoke recipe, made-up faces, a folder that is not the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from quantize.calibration import FACES_PER_LABEL
from tests.synthetic_fer2013 import write_fer2013

nbformat = pytest.importorskip("nbformat", reason="notebooks need the test extra: pip install -e .[test]")
nbclient = pytest.importorskip("nbclient", reason="notebooks need the test extra: pip install -e .[test]")
pytest.importorskip("ipykernel", reason="notebooks need the test extra: pip install -e .[test]")
pytest.importorskip("tensorflow", reason="training needs the training extra: pip install -e .[training]")

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "training" / "retrain.ipynb"
CELL_TIMEOUT_S = 1800

# The kernel client of Jupyter opens sockets that Python closes for it; nothing of ours.
pytestmark = pytest.mark.filterwarnings("default")


def notebook() -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


def test_the_committed_notebook_holds_no_outputs() -> None:
    nbformat.validate(notebook())
    for cell in notebook().cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


def test_it_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    write_fer2013(tmp_path / "data", per_label=FACES_PER_LABEL)
    book = notebook()
    settings = next(cell for cell in book.cells if "parameters" in cell.metadata.get("tags", []))
    assert 'RECIPE = "smoke"' in settings.source, "the first try takes a minute, not a night"
    settings.source += f"\nCODE = {str(ROOT)!r}"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))

    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(
        book, timeout=CELL_TIMEOUT_S, startup_timeout=CELL_TIMEOUT_S, kernel_name="python3", resources=resources
    ).execute()

    run = tmp_path / "runs" / "smoke"
    for name in ("best.keras", "mine.tflite", "mine.json", "report/mine.PublicTest.html", "report/compare.html"):
        assert (run / name).is_file()
    pictures = [
        output for cell in book.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == 7, "curves, four figures, the comparison and the picture it was tried on"
