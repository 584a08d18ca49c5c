"""The command `emotion-edge`: parse, load, wire, run."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from edge import __version__
from edge.config import Config
from edge.config_file import load_config
from edge.control import Control
from edge.errors import CameraError, EdgeError, SourceError
from edge.quiet import keep_standard_streams
from edge.threads import limit_before_imports


def main(arguments: list[str] | None = None) -> int:
    keep_standard_streams()
    options = _parser().parse_args(arguments)
    limit_before_imports()
    from edge.status_file import StatusFile

    options.status_file = StatusFile()
    try:
        config = load_config(options.config) if options.config else Config()
        logging.basicConfig(level=config.log.level.upper(), format="%(levelname)s %(message)s", stream=sys.stderr)
        return int(options.action(options, config))
    except EdgeError as err:
        print(f"emotion-edge: {err}", file=sys.stderr)  # noqa: T201
        if options.action is _run:
            options.status_file.ended(str(err))
        from_config = isinstance(err, SourceError) and options.config and not options.source
        return 78 if from_config else err.exit_code
    except KeyboardInterrupt:
        if options.action is _run:  # asked to stop before it had begun
            return 0
        print("emotion-edge: interrupted", file=sys.stderr)  # noqa: T201
        return 1


def _run(options: argparse.Namespace, config: Config) -> int:
    # Imported late: `--help` and `status` need neither OpenCV nor the interpreter.
    from edge.cameras import camera_for
    from edge.cameras.demo import DemoCamera
    from edge.capture import left_behind
    from edge.daemon import Daemon
    from edge.options import is_watched, on_this_device, with_options
    from edge.pipeline import build_pipeline
    from edge.sinks import sinks_for

    config = on_this_device(with_options(config, options.source, options.jsonl, options.window, options.no_sinks))
    control = Control.remembered()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: control.stop.set())
    pipeline = build_pipeline(config)
    camera = camera_for(config.camera.source, config.camera)
    sinks = sinks_for(config, camera.name, control, live=camera.live)
    try:
        measured = bool(options.limit) or not sinks
        watched = is_watched(config, measured=measured, endless=isinstance(camera, DemoCamera))
        daemon = Daemon(
            camera,
            pipeline,
            sinks,
            control,
            config.camera,
            config.pace,
            options.status_file,
            paced=watched,
            staying=watched and (config.window.enabled or config.web.enabled),
        )
        daemon.run(options.limit)
    except EdgeError as err:
        if not left_behind():
            raise
        options.status_file.ended(str(err))
        _leave(err.exit_code, f"emotion-edge: {err}\n")
    if left_behind():
        _leave(0)
    return 0


def _leave(code: int, last_words: str = "") -> NoReturn:
    """End at once. A driver that wakes while Python shuts down would abort it, up to Python 3.13, in its C++."""
    sys.stderr.write(last_words)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _check(options: argparse.Namespace, config: Config) -> int:
    """What `run` would refuse at once with the same code, models and sources included; not a camera that is away."""
    from edge.cameras import camera_for
    from edge.pipeline import build_pipeline

    build_pipeline(config)
    if config.camera.source != "auto":
        with contextlib.suppress(CameraError):
            camera_for(config.camera.source, config.camera)
    print(f"{options.config}: the configuration is valid")  # noqa: T201
    return 0


def _bench(options: argparse.Namespace, config: Config) -> int:
    from edge.bench import bench, comparison, table
    from edge.options import on_this_device, with_options

    source = "demo" if (options.source or config.camera.source) == "auto" else options.source
    config = on_this_device(with_options(config, source))
    others = {"comparison": comparison.compare(config.camera.source, options.frames)} if options.compare else {}
    result = {**bench(config, options.frames, options.config, source), **others}
    if options.json:
        print(json.dumps(result, indent=2))  # noqa: T201
    else:
        table.show(result)
    return 0


def _report(options: argparse.Namespace, config: Config) -> int:
    from edge.session_report import write_report

    print(write_report(options.recording, options.out))  # noqa: T201
    return 0


def _doctor(options: argparse.Namespace, _: Config) -> int:
    from edge.doctor import examine, report

    logging.getLogger().setLevel(logging.CRITICAL)  # the findings say it
    findings = examine(options.doctored)
    if options.json:
        print(report.to_json(findings))  # noqa: T201
    else:
        report.show(findings)
    return int(any(finding.level == "failed" for finding in findings))


def _status(_: argparse.Namespace, __: Config) -> int:
    from edge import service, status_file
    from edge.status_words import described

    running = service.installed_service()
    if running is None:
        print("the service is not installed: sudo ./setup.sh install")  # noqa: T201
        return 1
    print(described(running, status_file.read(service.STATUS_FILE)))  # noqa: T201
    return 0 if running.is_active else 1


def _model_list(options: argparse.Namespace, _: Config) -> int:
    from edge.emotion.updates import updates_folder
    from edge.model_store import listing
    from edge.model_store.place import used_models

    rows = listing.listing(updates_folder(), used_models())
    print(listing.as_json(rows) if options.json else listing.as_text(rows))  # noqa: T201
    return 0


def _model_install(options: argparse.Namespace, _: Config) -> int:
    from edge.model_store.installation import install
    from edge.model_store.place import KEY, place

    install(place(), options.file, options.key or KEY, print, options.accept_cost)
    return 0


def _model_rollback(options: argparse.Namespace, _: Config) -> int:
    from edge.model_store.installation import roll_back
    from edge.model_store.place import place

    roll_back(place(), options.name, print)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="emotion-edge", description="Facial emotions where the camera is.")
    parser.add_argument("--version", action="version", version=f"emotion-edge {__version__}")
    actions = parser.add_subparsers(required=True, metavar="run | check | doctor | status | model | bench | report")
    run = actions.add_parser("run", help="watch a camera, a clip or pictures until stopped")
    run.add_argument("--config", type=Path, metavar="FILE", help="TOML; see edge/config.example.toml")
    run.add_argument(
        "--source",
        metavar="S",
        help="auto, demo, picamera, v4l2:/dev/video0, gst:PIPELINE, rtsp://…, http://…, a video, an image or a folder",
    )
    run.add_argument("--jsonl", metavar="FILE", help="one line of JSON a frame; - is standard output")
    run.add_argument("--window", action="store_true", help="show the picture on the desktop or the HDMI console")
    run.add_argument(
        "--no-sinks", action="store_true", help="no output but --jsonl and --window: measure, or try a configuration"
    )
    run.add_argument("--limit", type=_positive, metavar="N", help="stop after so many frames")
    run.set_defaults(action=_run)
    bench = actions.add_parser("bench", help="measure this device, stage by stage")
    bench.add_argument("--config", type=Path, metavar="FILE")
    bench.add_argument("--source", metavar="S", help="as for run; a clip with faces, say (default: the demo)")
    bench.add_argument("--frames", type=_positive, default=150, metavar="N", help="how many (default: 150)")
    bench.add_argument("--json", action="store_true", help="JSON instead of the table")
    bench.add_argument("--compare", choices=["fer"], help="run that package on the same clip, too (installs 2.3 GB)")
    bench.set_defaults(action=_bench)
    check = actions.add_parser("check", help="validate a configuration")
    check.add_argument("--config", type=Path, metavar="FILE", required=True)
    check.set_defaults(action=_check, source=None)
    report = actions.add_parser("report", help="draw a recorded session as one page")
    report.add_argument("recording", type=Path, metavar="FILE", help="what --jsonl FILE has written, or still writes")
    report.add_argument("--out", type=Path, metavar="HTML", help="where to write the page; FILE.html unless said")
    report.set_defaults(action=_report, config=None, source=None)
    doctor = actions.add_parser("doctor", help="look at camera, rights, models, broker, screen; say what to do")
    doctor.add_argument("--config", dest="doctored", type=Path, metavar="FILE", help="else the installed service's")
    doctor.add_argument("--json", action="store_true", help="for programs")
    doctor.set_defaults(action=_doctor, config=None)
    status = actions.add_parser("status", help="how the installed service is doing")
    status.set_defaults(action=_status, config=None)
    model = actions.add_parser("model", help="list, update or take back the models; see docs/model-updates.md")
    _add_model_actions(model.add_subparsers(required=True, metavar="list | install | rollback"))
    return parser


def _add_model_actions(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    listed = actions.add_parser("list", help="shipped and updated models: which run, which are ready to")
    listed.add_argument("--json", action="store_true", help="for programs")
    listed.set_defaults(action=_model_list, config=None)
    install = actions.add_parser("install", help="check a signed bundle, try it, and run its model from then on")
    install.add_argument(
        "file", type=Path, metavar="FILE", help="made by `python -m quantize bundle`, signed by minisign"
    )
    install.add_argument(
        "--key", type=Path, help="public key it must be signed with; else that of the installed service"
    )
    install.add_argument(
        "--accept-cost", action="store_true", help="even if it is much slower or larger than the old one"
    )
    install.set_defaults(action=_model_install, config=None)
    back = actions.add_parser("rollback", help="run the model again that ran before the last update")
    back.add_argument("name", nargs="?", default="emotion", metavar="NAME", help="default: emotion")
    back.set_defaults(action=_model_rollback, config=None)


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' must be a whole number, at least 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
