from __future__ import annotations

import csv
from dataclasses import replace

from edge.config import CsvConfig
from edge.control import Control
from edge.sinks.csv_file import COLUMNS, Csv
from tests.results import changed, result, track


def written(path, *results) -> str:
    sink = Csv(CsvConfig(True, str(path)), "auto", Control())
    sink.open()
    for one in results:
        sink.show(one)
    sink.close()
    return path.read_text()


def test_a_table_is_the_contract_to_the_letter(tmp_path):
    text = written(tmp_path / "out.csv", result(track(), events=(changed(),)), result(number=13))
    assert text == (
        "time,t,source,file,frame,width,height,id,x0,y0,x1,y1,detection,emotion,confidence,uncertain,"
        "angry,disgust,fear,happy,sad,surprise,neutral\n"
        "2026-11-22T15:04:05.123Z,0.4,auto,,12,160,120,3,50,30,110,90,0.9,happy,0.9,0,"
        "0.0167,0.0167,0.0167,0.9,0.0167,0.0167,0.0167\n"
    )


def test_a_row_a_face_and_a_file_name_of_any_kind(tmp_path):
    name = 'a, "b"\n\u00fc.jpg'
    written(tmp_path / "out.csv", result(track(1), replace(track(2), uncertain=True), file=name))
    with open(tmp_path / "out.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["uncertain"], row["file"]) for row in rows] == [("1", "0", name), ("2", "1", name)]
    assert list(rows[0]) == list(COLUMNS)
