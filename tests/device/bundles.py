"""Model updates to be installed in a machine: the shipped model, made less sure of itself, and signed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from edge.emotion.bundle import Bundle
from quantize.bundle import make_bundle, write

MODEL = Path(__file__).parents[2] / "models" / "emotion.tflite"


def signed_bundle(version: str, folder: Path, key: Path, *, spoilt: bool = False) -> tuple[Path, Path, Path]:
    """A bundle in this folder, its signature and minisign.pub.

    key: without its ending; made where there is none. spoilt: its golden answers are another model's.
    """
    shipped = make_bundle(MODEL, version, (), "")
    card = {**shipped.card, "temperature": 5 * shipped.card["temperature"]}
    golden = json.loads(shipped.golden)
    if spoilt:
        golden["cases"][3]["outputs"] = golden["cases"][4]["outputs"]
    path = write(Bundle(version, card, shipped.model, json.dumps(golden).encode()), folder)
    public, secret = key.with_suffix(".pub"), key.with_suffix(".key")
    if not public.exists():
        subprocess.run(["minisign", "-GW", "-p", public, "-s", secret], check=True, capture_output=True)
    subprocess.run(["minisign", "-S", "-s", secret, "-m", path], check=True, capture_output=True)
    return path, path.with_name(f"{path.name}.minisig"), Path(shutil.copy(public, folder / "minisign.pub"))
