"""The page: what a session was like, as HTML that needs nothing else, neither network nor script."""

from __future__ import annotations

from datetime import datetime
from html import escape
from pathlib import Path

from edge.session_report.scale import Scale, duration
from edge.session_report.session import KINDS, Happening, Person, Session
from edge.session_report.strip import icon, shares, shares_bar, strip, symbols

MOST_PEOPLE = 24
"""Those seen longest have a strip of their own."""

_STYLE = Path(__file__).with_name("page.css")


def page(session: Session, name: str) -> str:
    """The whole document. name: what the recording is called."""
    scale = Scale(session)
    body = [_head(session, scale, name), _legend(), _everyone(session, scale)]
    if not session.pictures:
        body += [_people(session, scale), _events(session, scale)]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        # Nothing is loaded from anywhere, and a name that looks like a script stays a name.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{_text(name)}</title>\n<style>\n{_STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        f"{symbols()}\n<main>\n"
        + "\n".join(part for part in body if part)
        + f"\n{_foot(session)}\n</main>\n</body>\n</html>\n"
    )


def _head(session: Session, scale: Scale, name: str) -> str:
    began = datetime.fromtimestamp(session.began).strftime("%A, %d %B %Y, %H:%M").replace(" 0", " ")
    facts = [(f"{session.frames:,}", "pictures"), (f"{sum(session.everyone.total()):,.0f}", "faces")]
    if not session.pictures:
        facts = [
            (str(len(session.people)), "people" if len(session.people) != 1 else "person"),
            (duration(session.span_s), "recorded"),
            (duration(session.in_view_s), "with someone in view"),
            (str(session.most_at_once), "at once at most"),
        ]
    said = [kind for kind, _ in shares(session.everyone.total()) if kind != "uncertain"]
    if said:
        facts.append((f"{icon(said[0])}{said[0]}", "most often"))
    cards = "".join(f"<div><dd>{value}</dd><dt>{what}</dt></div>" for value, what in facts)
    return (
        f"<header><h1>{_text(name)}</h1><p>{_text(began)} · source {_text(session.source)}</p>"
        f'<dl class="facts">{cards}</dl></header>'
    )


def _legend() -> str:
    items = "".join(f"<li>{icon(kind)}{kind}</li>" for kind in KINDS)
    return f'<ul class="legend" aria-label="Colours">{items}</ul>'


def _everyone(session: Session, scale: Scale) -> str:
    if not session.pictures and len(session.people) < 2:
        return ""
    title = "All pictures" if session.pictures else "Everyone"
    what = "in their order" if session.pictures else "all people together"
    row = _row(session.everyone, title, what, scale)
    return f'<section><h2>{title}</h2><div class="chart">{row}{_axis(scale)}</div></section>'


def _people(session: Session, scale: Scale) -> str:
    if not session.people:
        return "<section><h2>People</h2><p>Nobody was seen.</p></section>"
    seen = {key: sum(person.total()) for key, person in session.people.items()}
    longest = set(sorted(seen, key=lambda key: -seen[key])[:MOST_PEOPLE])
    rows = []
    for key, person in session.people.items():
        if key in longest:
            when = f"{duration(seen[key])} from {scale.moment(person.first_s)}"
            rows.append(_row(person, _name(person.id, person.run, session), when, scale))
    others = len(session.people) - len(longest)
    note = f"<p>And {others:,} more, seen for a shorter time; they count above.</p>" if others else ""
    return f'<section><h2>People</h2><div class="chart">{"".join(rows)}{_axis(scale)}</div>{note}</section>'


def _row(person: Person, title: str, when: str, scale: Scale) -> str:
    total = person.total()
    said = ", ".join(f"{kind} {100 * part:.0f} %" for kind, part in shares(total)) or "nobody seen"
    drawn = strip(person, scale.bins, [at for at, _ in scale.marks()], f"{title} over time: {said}")
    return (
        f'<article><div class="who"><h3>{_text(title)}</h3><p>{_text(when)}</p></div>'
        f'<div><div class="hatched">{drawn}</div>{shares_bar(total)}</div></article>'
    )


def _axis(scale: Scale) -> str:
    marks = "".join(f'<span style="left:{100 * at:.2f}%">{label}</span>' for at, label in scale.marks() if at <= 0.97)
    return f'<div class="axis" aria-hidden="true"><div>{marks}</div></div>'


def _events(session: Session, scale: Scale) -> str:
    if not session.events:
        return ""
    rows = "".join(
        f"<tr><td>{scale.moment(event.at_s)}</td><td>{_name(event.id, event.run, session)}</td>"
        f"<td>{_change(event)}</td></tr>"
        for event in session.events
    )
    hidden = session.events_in_all - len(session.events)
    note = f"<p>The last {len(session.events):,} of {session.events_in_all:,}.</p>" if hidden else ""
    return (
        f"<section><h2>Events</h2>{note}<table><thead><tr><th>time</th><th>who</th><th>what</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></section>"
    )


def _change(event: Happening) -> str:
    if event.after is None:
        return '<span class="quiet">left</span>'
    before = '<span class="quiet">appeared</span>' if event.before is None else f"{icon(event.before)}{event.before}"
    return (
        f'{before} <span class="quiet">→</span> {icon(event.after)}<b>{event.after}</b> {100 * event.confidence:.0f} %'
    )


def _name(id_: int, run: int, session: Session) -> str:
    return f"Person {id_}" + (f", run {run}" if session.runs > 1 else "")


def _foot(session: Session) -> str:
    said = ["Made by emotion-edge from what it recorded. It names expressions, as strangers would; nobody's feelings."]
    if session.bins_s > 0.15 and not session.pictures:
        said.append(f"Each column stands for {duration(session.bins_s)}.")
    if session.runs > 1:
        said.append(f"The program was started {session.runs} times; people are counted anew each time.")
    if session.unreadable:
        said.append(f"{session.unreadable:,} lines could not be read and are left out.")
    return f"<footer><p>{' '.join(said)}</p></footer>"


def _text(words: str) -> str:
    """As HTML; file names may hold bytes that are no text."""
    return escape(words.encode(errors="replace").decode())
