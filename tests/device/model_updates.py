"""Model updates in the container: installed, refused, taken back, cut off, rolled back."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from pathlib import Path

from bundles import signed_bundle
from container import Container
from watching import Machine, expect, shown, wait_for

ROOT = Path(__file__).parents[2]
STORE = "/var/lib/emotion-edge/models"
DROP_IN = "/run/systemd/system/emotion-edge.service.d"
CONFIDENCE = "emotion-edge run --source demo --limit 10 --jsonl - | tail -n 1 | grep -o '\"confidence\":[0-9.]*'"


def put_bundle(box: Container, version: str, *, spoilt: bool = False) -> str:
    """A signed bundle of the shipped model, less sure of itself. spoilt: its golden answers are another model's."""
    with tempfile.TemporaryDirectory() as folder:
        bundle, *beside = signed_bundle(version, Path(folder), box.root.parent / "model-signing", spoilt=spoilt)
        for made in (bundle, *beside):
            box.put(made, f"/srv/{made.name}")
    return f"/srv/{bundle.name}"


def running(box: Machine) -> str:
    """The version of the emotion model that runs."""
    rows = json.loads(expect(box, "emotion-edge model list --json"))["models"]
    return next(row["version"] for row in rows if row["name"] == "emotion" and row["runs"])


def nobody_can_sign_until_the_owner_installs_a_key(box: Container) -> None:
    bundle = put_bundle(box, "1")
    said = expect(box, f"emotion-edge model install {bundle}", code=78)
    assert "model-key.pub is missing" in said, said
    expect(box, "cp /srv/minisign.pub /etc/emotion-edge/model-key.pub")
    expect(box, f"cp {bundle}* /var/tmp; chmod 644 /var/tmp/emotion-1*")
    stranger = f"su -s /bin/sh nobody -c '/usr/local/bin/emotion-edge model install /var/tmp/{Path(bundle).name}'"
    said = expect(box, stranger, code=1)
    assert "only root may change" in said, said
    expect(box, "rm /var/tmp/emotion-1*")


def a_model_is_installed_while_the_service_runs(box: Container) -> None:
    pid, before = shown(box, "MainPID"), expect(box, CONFIDENCE)
    print(expect(box, "emotion-edge model install /srv/emotion-1.emotion-edge"))
    assert running(box) == "1"
    assert shown(box, "ActiveState") == "active"
    assert shown(box, "MainPID") != pid
    assert expect(box, CONFIDENCE) != before
    print(expect(box, "emotion-edge model list"))
    assert f"{STORE}/emotion/1/emotion.tflite" in expect(box, "emotion-edge doctor", code=0)


def a_changed_bundle_is_refused(box: Container) -> None:
    pid = shown(box, "MainPID")
    bundle = put_bundle(box, "2")
    expect(box, f"printf x | dd of={bundle} bs=1 seek=4000 conv=notrunc")
    said = expect(box, f"emotion-edge model install {bundle}", code=78)
    assert "is not what was signed" in said, said
    assert (running(box), shown(box, "MainPID")) == ("1", pid)


def a_model_that_answers_wrongly_here_is_refused(box: Container) -> None:
    pid = shown(box, "MainPID")
    said = expect(box, f"emotion-edge model install {put_bundle(box, '3', spoilt=True)}", code=78)
    print(said)
    assert "answers 'stripes' differently" in said
    assert (running(box), shown(box, "MainPID")) == ("1", pid)


def a_model_with_which_the_service_is_not_well_is_taken_back(box: Container) -> None:
    # In the rehearsals it is well; in the service it stops with code 7.
    ill = f'[Service]\\nExecStartPre=/bin/sh -c "! test -e {STORE}/emotion/trial || exit 7"\\n'
    expect(box, f"mkdir -p {DROP_IN}; printf '{ill}' >{DROP_IN}/ill.conf; systemctl daemon-reload")
    said = expect(box, f"emotion-edge model install {put_bundle(box, '4')}", code=78)
    print(said)
    assert "is taken back: the service was not well" in said
    assert "the old model runs again" in said
    assert (running(box), shown(box, "ActiveState")) == ("1", "active")
    expect(box, f"rm -r {DROP_IN}; systemctl daemon-reload")


def an_installation_cut_off_leaves_the_old_model(box: Container) -> None:
    bundle = put_bundle(box, "5")
    expect(box, f"emotion-edge model install {bundle} >/dev/null 2>&1 & echo $! >/run/installer")
    wait_for(lambda: box.run(f"test -e {STORE}/emotion/trial").returncode == 0)
    time.sleep(1)
    expect(box, "kill -9 $(cat /run/installer)")
    assert running(box) == "1"
    expect(box, "systemctl restart emotion-edge")
    assert shown(box, "ActiveState") == "active"
    expect(box, f"emotion-edge model install {bundle}")
    assert running(box) == "5"


def it_goes_back_step_by_step(box: Container) -> None:
    for version in ("1", "shipped"):
        print(expect(box, "emotion-edge model rollback"))
        assert running(box) == version
        assert shown(box, "ActiveState") == "active"
    assert "nothing to go back to" in expect(box, "emotion-edge model rollback", code=1)
    expect(box, "emotion-edge model install /srv/emotion-1.emotion-edge")
    assert hashlib.sha256((ROOT / "models" / "emotion.tflite").read_bytes()).hexdigest() in expect(
        box, f"sha256sum {STORE}/emotion/active/emotion.tflite"
    )


MODEL_STEPS = [
    nobody_can_sign_until_the_owner_installs_a_key,
    a_model_is_installed_while_the_service_runs,
    a_changed_bundle_is_refused,
    a_model_that_answers_wrongly_here_is_refused,
    a_model_with_which_the_service_is_not_well_is_taken_back,
    an_installation_cut_off_leaves_the_old_model,
    it_goes_back_step_by_step,
]
