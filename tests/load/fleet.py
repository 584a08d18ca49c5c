"""Many devices and one broker: what a fleet costs it, and how it comes back after the broker was away.

    python -m tests.load.fleet [--devices 1000] [--seconds 60] [--outage 20]

Starts a mosquitto on the loopback address and so many of the program's own MQTT sinks, in a few processes. Each shows a
face whose emotion changes now and then, as a camera in a quiet place does. In the middle the broker is out of reach for
a while. Reported are messages a second, how long the fleet takes to be whole again, and lost events.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.synchronize import Event as Flag
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from edge.config import MqttConfig
from edge.control import Control
from edge.emotion.labels import LABELS
from edge.sinks.mqtt import Mqtt
from edge.types import Status
from tests.load.network import Network
from tests.load.observer import Observer
from tests.mosquitto import Mosquitto
from tests.results import changed, result, track

PER_PROCESS = 250
"""Devices: each has a network thread of its own, and Python runs one thread at a time."""
TURN_S = 0.5
"""Each device takes one turn in so long: it shows a result, and once in a while an emotion that has changed."""
PATIENCE_S = 180.0

SETTINGS = "allow_anonymous true\nmax_connections -1\nset_tcp_nodelay true"


@dataclass(frozen=True)
class Plan:
    """What the fleet does. event_s: between two events of a device."""

    devices: int
    seconds: float
    outage_s: float
    event_s: float
    port: int
    """Where the devices find the broker."""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    _allow_files(4 * options.devices + 1000)
    with TemporaryDirectory() as folder, Mosquitto(Path(folder), SETTINGS) as broker:
        network = Network(broker.port)
        plan = Plan(options.devices, options.seconds, options.outage, options.event_every, network.port)
        report = run(plan, network, Observer(broker.port))
    if options.json:
        print(json.dumps(report, indent=2))
    else:
        show(report)
    return 0 if report["events_lost"] == 0 and report["devices_missing"] == 0 else 1


def run(plan: Plan, network: Network, observer: Observer) -> dict[str, float]:
    """Live through connecting, everyday work, an outage and the time after it."""
    say = Console(stderr=True).print
    quiet, stop = multiprocessing.Event(), multiprocessing.Event()
    workers = _start(plan, quiet, stop)

    connected_s = _seconds_until(lambda: min(observer.online(), observer.introduced()) == plan.devices)
    say(f"{observer.online()} devices connected in {connected_s:.1f} s")

    messages, volume, at = observer.messages, observer.bytes, time.monotonic()
    time.sleep(plan.seconds)
    elapsed = time.monotonic() - at
    rate, kilobytes = (observer.messages - messages) / elapsed, (observer.bytes - volume) / 1e3 / elapsed
    say(f"{rate:.0f} messages a second arrived, {kilobytes:.0f} kB")

    network.cut()
    say(f"the broker is out of reach for {plan.outage_s:g} s")
    _seconds_until(lambda: observer.online() == 0)
    time.sleep(plan.outage_s)
    observer.start_again()
    network.mend()
    recovered_s = _seconds_until(lambda: observer.online() == plan.devices)
    missing = plan.devices - observer.online()
    say(f"{observer.online()} were back {recovered_s:.1f} s after the broker")

    quiet.set()  # no more events: what was made must now arrive
    made = sum(worker.made() for worker in workers)
    drained_s = _seconds_until(lambda: observer.events() == made)
    stop.set()
    for worker in workers:
        worker.join()
    return {
        "devices": plan.devices,
        "connected_s": connected_s,
        "messages_per_s": rate,
        "kilobytes_per_s": kilobytes,
        "outage_s": plan.outage_s,
        "recovered_s": recovered_s,
        "events_made": made,
        "events_late": observer.late,
        "events_twice": observer.repeated,
        "events_lost": made - observer.events(),
        "drained_s": drained_s,
        "devices_missing": missing,
        "connections_a_second_at_most": observer.busiest_second,
    }


def _seconds_until(whole: Callable[[], bool]) -> float:
    """How long it took; PATIENCE_S where it never came."""
    began = time.monotonic()
    while not whole() and time.monotonic() - began < PATIENCE_S:
        time.sleep(0.05)
    return time.monotonic() - began


def show(report: dict[str, float]) -> None:
    """For people."""
    table = Table("", "", show_header=False, box=None, title="a fleet and one broker", title_style="bold")
    for name, value in report.items():
        table.add_row(name.replace("_", " "), f"{value:,.1f}" if isinstance(value, float) else f"{value:,}")
    Console(highlight=False).print(table)


class Worker:
    """A process with some of the devices."""

    def __init__(self, plan: Plan, names: list[str], quiet: Flag, stop: Flag) -> None:
        self._made, made = multiprocessing.Pipe(duplex=False)
        self._process = multiprocessing.Process(target=_live, args=(plan, names, quiet, stop, made), daemon=True)
        self._process.start()

    def made(self) -> int:
        """How many events, once it is quiet."""
        return int(self._made.recv())

    def join(self) -> None:
        self._process.join(30)


def _start(plan: Plan, quiet: Flag, stop: Flag) -> list[Worker]:
    names = [f"device-{number:04d}" for number in range(plan.devices)]
    return [
        Worker(plan, names[first : first + PER_PROCESS], quiet, stop) for first in range(0, len(names), PER_PROCESS)
    ]


def _live(plan: Plan, names: list[str], quiet: Flag, stop: Flag, made: multiprocessing.connection.Connection) -> None:
    """The life of a process: its devices take turns until told to be quiet, then only send what is left."""
    logging.disable(logging.WARNING)  # each device would tell of the outage
    devices = [_device(name, plan.port) for name in names]
    for device in devices:
        device.open()
    events = 0
    turns_an_event = max(1, round(plan.event_s / TURN_S))
    turn = 0
    told = False
    while not stop.is_set():
        due = time.monotonic() + TURN_S
        for number, device in enumerate(devices):
            mine = (turn + number) // turns_an_event
            before, after = (LABELS[(mine + step) % len(LABELS)] for step in (0, 1))
            news = (turn + number) % turns_an_event == 0 and not quiet.is_set()
            happened = (changed(mine, before, after),) if news else ()
            device.show(result(track(1, after), events=happened, wall=time.time(), number=turn))
            device.status(Status("running", "camera", fps=30.0))
            events += len(happened)
            # Spread over the turn, as devices of a fleet are.
            time.sleep(max(0.0, (due - time.monotonic()) / (len(devices) - number) * 0.9))
        if quiet.is_set() and not told:
            made.send(events)
            told = True
        turn += 1
    for device in devices:
        device.close()


def _device(name: str, port: int) -> Mqtt:
    return Mqtt(MqttConfig(enabled=True, host="127.0.0.1", port=port, device=name), "camera", Control())


def _allow_files(wanted: int) -> None:
    """Each connection is an open file, here and at the broker."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        if hard < wanted:
            sys.exit(
                f"fleet: {wanted} open files are needed and {hard} are allowed: raise `ulimit -n`, or fewer --devices"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60, help="of everyday work before the outage")
    parser.add_argument("--outage", type=float, default=20, help="seconds")
    parser.add_argument("--event-every", type=float, default=30, help="seconds between two events of a device")
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
