"""From a file to the running model: checked, tried from the inside out, switched to, or taken back."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from edge import service
from edge.emotion.bundle import LARGEST_BUNDLE, Bundle, read_bundle
from edge.emotion.card import load_verified
from edge.emotion.tflite import find_model
from edge.errors import EdgeError, ModelError, SourceError
from edge.model_store import fit, rehearsal, signature, trial
from edge.model_store.listing import shipped_files
from edge.model_store.place import Place
from edge.model_store.store import Store

Say = Callable[[str], object]
"""Takes a line for the owner."""

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""A connection that breaks, or a polite kill, ends like Ctrl-C: with everything put back."""


def install(place: Place, file: Path, key: Path, say: Say, accept_cost: bool = False) -> None:
    """Raises EdgeError; then what ran before runs on. key: the owner's public key."""
    bundle = _signed(file, key)
    store = Store(place.folder)
    with _interruptible():
        try:
            with store.locked():
                current = _whole_model(bundle.name)
                _check_fit(bundle, current, file)
                say(f"{bundle.name} {bundle.version}: rightly signed, and made for this device")
                if store.active(bundle.name) == bundle.version and store.keeps(bundle):
                    say("it runs already")
                    return
                _put_in_place(store, bundle, current, place, say, accept_cost)
        except OSError as err:
            raise EdgeError(f"{place.folder}: {err.strerror}; the model that ran before runs on") from err
        except KeyboardInterrupt as err:
            raise EdgeError("interrupted; the model that ran before runs on") from err
        with contextlib.suppress(OSError):  # of a connection that broke meanwhile: it is installed all the same
            say(f"{bundle.name} {bundle.version} is installed")


def _put_in_place(
    store: Store, bundle: Bundle, current: Path | None, place: Place, say: Say, accept_cost: bool
) -> None:
    try:
        model = store.add(bundle)
        _rehearse(bundle, model, current, place, say, accept_cost)
        _switch(store, bundle, place, say)
    except BaseException:
        _be_undisturbed()
        store.end_trial(bundle.name)
        raise


def _signed(file: Path, key: Path) -> Bundle:
    """Not a byte of it is looked into before its signature."""
    content = _content(file)
    signature.verify(content, file, signature.read_keys(key))
    try:
        return read_bundle(content)
    except ModelError as err:
        raise ModelError(f"{file}: {err}") from err


def _check_fit(bundle: Bundle, current: Path | None, file: Path) -> None:
    try:
        fit.check_fit(bundle, current)
    except ModelError as err:
        raise ModelError(f"{file}: {err}") from err


def _whole_model(name: str) -> Path | None:
    """What runs now; None where there is none, or a damaged one, which an update may well be meant to replace.

    While the store is locked: before that, it may be another installer's trial.
    """
    try:
        model = find_model(name)
        load_verified(model)
    except ModelError:
        return None
    return model


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_BUNDLE + 1)
    except OSError as err:
        raise SourceError(f"{file}: {err.strerror}") from err
    if len(content) > LARGEST_BUNDLE:
        raise ModelError(f"{file} is too large for a bundle: more than {LARGEST_BUNDLE >> 20} MB")
    return content


def _rehearse(bundle: Bundle, model: Path, current: Path | None, place: Place, say: Say, accept_cost: bool) -> None:
    """Alone, then in a daemon of its own. Raises ModelError."""
    try:
        new = rehearsal.cost(model, model.with_name("golden.json"), place.user)
        say(f"it answers its golden set rightly here; {new.ms:.2f} ms, {new.memory_mb:.0f} MB")
        if current is not None:
            old = rehearsal.cost(current, user=place.user)
            say(f"the model that runs now: {old.ms:.2f} ms, {old.memory_mb:.0f} MB")
            if not accept_cost:
                rehearsal.check_cost(new, old)
        rehearsal.check_on_demo(fit.section(bundle), model, place.user)
    except ModelError as err:
        raise ModelError(f"{bundle.name} {bundle.version} is not installed: {err}") from err


def _switch(store: Store, bundle: Bundle, place: Place, say: Say) -> None:
    """For good, where no service uses it or the service is well with it. Raises ModelError."""
    store.start_trial(bundle.name, bundle.version)
    if place.is_served(bundle.name):
        say(f"the service tries it, for at most {trial.PATIENCE_S:.0f} s")
        try:
            why = trial.restarted()
            _be_undisturbed()
        except BaseException:
            _be_undisturbed()
            store.end_trial(bundle.name)
            service.restart()
            raise
        if why:
            store.end_trial(bundle.name)
            after = trial.restarted()
            now = f"with the old model, too, {after}" if after else "the old model runs again"
            raise ModelError(f"{bundle.name} {bundle.version} is taken back: the service was not well: {why}; {now}")
    _be_undisturbed()
    store.confirm_trial(bundle.name)


def roll_back(place: Place, name: str, say: Say) -> None:
    """To the model before. Raises EdgeError."""
    store = Store(place.folder)
    with _interruptible():
        try:
            with store.locked():
                shipped = shipped_files()
                if name not in (known := {*shipped, *store.names()}):
                    raise EdgeError(f"there is no model '{name}'; there are {', '.join(sorted(known))}")
                _be_undisturbed()
                before = store.roll_back(name)
        except OSError as err:
            raise EdgeError(f"{place.folder}: {err.strerror}") from err
        if before or name in shipped:
            say(f"{name}: the {f'version {before}' if before else 'shipped model'} counts again")
        else:
            say(f"{name}: no model of this name is left, for none came with the program")
        why = _watched() if place.is_served(name) else None
    if why:
        raise EdgeError(f"the service is not well with it: {why}; see journalctl -u emotion-edge -n 20")


def _watched() -> str:
    """Why the service, started anew, is not well. To watch it may be interrupted, to start it not."""
    with contextlib.ExitStack() as interruptible:

        def again() -> None:
            service.restart()
            interruptible.enter_context(_interruptible())

        try:
            return trial.restarted(again=again)
        except KeyboardInterrupt as err:
            raise EdgeError("interrupted while the service was watched; the model is taken back all the same") from err


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """The first signal raises KeyboardInterrupt. Those after it are ignored, for everything is being put back."""
    before = {number: signal.signal(number, _interrupt) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _be_undisturbed()
    raise KeyboardInterrupt


def _be_undisturbed() -> None:
    """Until `_interruptible` ends: what has begun here must not be left halfway."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
