"""What is told as JSON: everything at once, events as they happen, and those a reader has missed."""

from __future__ import annotations

import json

from edge.sinks.web.board import Board
from tests.results import changed, result, track
from tests.web.visitor import RUNNING, ask


def test_everything_at_once_as_json(web):
    web.show(result(track(3, settled="sad")))
    web.status(RUNNING)
    state = json.loads(ask(web, "/state")[2])
    assert state["frame"]["faces"][0]["emotion"] == "happy"
    assert state["frame"]["faces"][0]["shown"] == "sad"
    assert state["health"]["fps"] == 29.8
    assert state["history"][0]["faces"] == [[3, "sad"]]
    assert state["viewers"] == {"looking": 0, "most": 4}


def test_events_as_they_happen(web, listen):
    listener = listen(web, "/events")
    assert listener.answer.getheader("Content-Type") == "text/event-stream"
    assert listener.event() == ("history", [], None)
    web.show(result(track(), events=(changed(),)))
    web.status(RUNNING)
    told = {name: (data, number) for name, data, number in listener.events_until("health")}
    told.update({name: (data, number) for name, data, number in ([] if "frame" in told else [listener.event()])})
    assert told["frame"][0]["faces"][0]["id"] == 3
    assert (told["change"][0]["to"], told["change"][1]) == ("happy", "1")
    assert told["health"][0]["state"] == "running"


def test_a_number_too_long_to_be_read_is_none(web, listen):
    listener = listen(web, "/events", Last_Event_ID="9" * 5000)
    assert listener.answer.status == 200
    assert listener.event()[0] == "history"


def test_a_reader_that_comes_back_gets_what_it_missed(web, listen):
    for number in range(3):
        web.show(result(events=(changed(id=number),)))
    web.status(RUNNING)
    missed = listen(web, "/events", Last_Event_ID="1").events_until("health")
    assert [(data["id"], number) for name, data, number in missed if name == "change"] == [(1, "2"), (2, "3")]
    new = listen(web, "/events").events_until("health")
    assert not [name for name, *_ in new if name == "change"]


def test_the_board_is_bounded():
    now = [0.0]
    board = Board("demo", lambda: now[0])
    for number in range(2000):
        now[0] = number / 2
        board.show(result(track(), events=(changed(),), number=number))
    assert len(board.history()) == 300
    assert len(board.events_after(0)) == 200
