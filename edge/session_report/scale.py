"""The scale of time: where its marks stand and what is written there, from seconds to months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from edge.session_report.session import Session

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_STEPS_S = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(_MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * n for n in (1, 2, 3, 6, 12)),
    *(_DAY * n for n in (1, 2, 7, 14, 28, 91, 364)),
)
_MOST_MARKS = 7


@dataclass(frozen=True)
class Scale:
    """What positions of a session are called. A scale covers whole bins."""

    session: Session

    @property
    def bins(self) -> int:
        return max(1, int(self.session.span_s / self.session.bins_s - 1e-6) + 1)

    @property
    def length_s(self) -> float:
        return self.bins * self.session.bins_s

    def marks(self) -> list[tuple[float, str]]:
        """Position 0..1 and label of each mark, at round times."""
        session = self.session
        if session.pictures:
            step = next(
                n for n in (10**k * m for k in range(12) for m in (1, 2, 5)) if self.length_s / n <= _MOST_MARKS
            )
            return [(at / self.length_s, str(at)) for at in range(0, int(self.length_s), step)]
        step_s = next((step for step in _STEPS_S if self.length_s / step <= _MOST_MARKS), _STEPS_S[-1])
        # On the clock, marks stand at full minutes, hours and days of where the page is made.
        since_midnight = _since_midnight(session.began) if session.on_the_clock else 0.0
        at = -since_midnight % step_s
        found = []
        while at < self.length_s:
            found.append((at / self.length_s, self._short(at, step_s)))
            at += step_s
        return found

    def moment(self, at_s: float) -> str:
        """When something happened, to the second: '15:04:05', with the day where there are several; or '1:02:03'."""
        if self.session.pictures:
            return f"picture {at_s + 1:.0f}"
        if not self.session.on_the_clock:
            return elapsed(at_s)
        moment = datetime.fromtimestamp(self.session.began + at_s)
        return moment.strftime("%a %d %b, %H:%M:%S" if self._several_days() else "%H:%M:%S")

    def _short(self, at_s: float, step_s: float) -> str:
        if not self.session.on_the_clock:
            return elapsed(at_s, tenths=step_s < 1)
        moment = datetime.fromtimestamp(round(self.session.began + at_s, 3))
        if step_s >= _DAY:
            return moment.strftime("%d %b")
        if self._several_days():
            return moment.strftime("%a %H:%M")
        if step_s < 1:
            return moment.strftime("%H:%M:%S.") + str(moment.microsecond // 100_000)
        return moment.strftime("%H:%M" if step_s >= _MINUTE else "%H:%M:%S")

    def _several_days(self) -> bool:
        first = datetime.fromtimestamp(self.session.began)
        return first.date() != datetime.fromtimestamp(self.session.began + self.session.span_s).date()


def elapsed(seconds: float, tenths: bool = False) -> str:
    """'0:07', '12:34', '1:02:03', '3 d 04:05'; with tenths of a second '0:07.5'."""
    whole = int(seconds + 1e-6)
    days, rest = divmod(whole, _DAY)
    hours, minutes, second = rest // _HOUR, rest // _MINUTE % 60, rest % 60
    if days:
        return f"{days} d {hours:02}:{minutes:02}"
    text = f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02}"
    return f"{text}.{int(10 * (seconds - whole) + 1e-6)}" if tenths else text


def duration(seconds: float) -> str:
    """In words, two units at most: '7 s', '3 min 20 s', '2 h 5 min', '3 d 4 h'."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, smaller, name in ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min"), (_MINUTE, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {name}" if rest else "")
    return f"{whole} s"


def _since_midnight(unix: float) -> float:
    moment = datetime.fromtimestamp(unix)
    return (moment - moment.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
