"""What nobody may see: blurred faces, and emotions without any picture."""

from __future__ import annotations

import numpy as np
import pytest

from edge.overlay import Overlay, words
from edge.overlay.ink import text_mask
from edge.overlay.place import overlap
from edge.overlay.words import MOST_SHOWN, cells
from edge.types import Box
from tests.overlay.scenes import STATUS, changed, flat, noise, result, track


def test_blurred_leaves_nothing_of_the_face() -> None:
    image, box = noise(), Box(250, 150, 370, 300)
    picture = Overlay("blurred", False).draw(result(image, track(1, box, "happy")), None)
    inside = picture[160:290, 260:360].astype(float)
    # What is left varies slowly: neighbouring pixels are almost alike, in the noise they are not.
    assert np.abs(np.diff(inside, axis=1)).mean() < 2
    assert np.abs(np.diff(image[160:290, 260:360].astype(float), axis=1)).mean() > 30
    assert inside.std() < 0.25 * image.std()


@pytest.mark.parametrize("size", [(20, 24), (120, 150), (400, 460)])
def test_blurred_keeps_five_colours_across_at_most(size: tuple[int, int]) -> None:
    """Two pictures that differ in detail only, not in 5 x 5 means, become the same."""
    ramp = np.tile(np.linspace(80, 170, 640).astype(np.uint8)[None, :, None], (480, 1, 3))
    detail = ramp.copy()
    detail[::2, ::2] += 20
    detail[1::2, 1::2] -= 20
    box = Box(100, 10, 100 + size[0], 10 + size[1])
    one, other = (
        Overlay("blurred", False).draw(result(picture, track(1, box, "happy")), None).astype(int)
        for picture in (ramp, detail)
    )
    face = slice(12, 8 + size[1]), slice(102, 98 + size[0])
    assert np.abs(one[face] - other[face]).max() <= 12


def test_blurred_hides_more_than_the_box() -> None:
    image, box = noise(), Box(250, 150, 370, 300)
    picture = Overlay("blurred", False).draw(result(image, track(1, box, "happy")), None)
    assert changed(image, picture)[225, 220:400].mean() > 0.95
    assert changed(image, picture)[310:340, 310].mean() > 0.9
    assert not changed(image, picture)[225, :200].any()


def test_blurred_hides_every_face_even_if_ids_were_alike() -> None:
    image, boxes = noise(), (Box(50, 150, 170, 300), Box(400, 150, 520, 300))
    picture = Overlay("blurred", False).draw(result(image, *(track(0, box, "happy") for box in boxes)), None)
    assert changed(image, picture)[225, 110]
    assert changed(image, picture)[225, 460]


def test_blurred_hides_what_nobody_tracks() -> None:
    """Too small, too many, not sure enough: it may be somebody's face all the same."""
    image, box = noise(), Box(250, 150, 370, 300)
    overlay = Overlay("blurred", False)
    assert changed(image, overlay.draw(result(image, time=5.0, others=(box,)), None))[225, 310]
    assert changed(image, overlay.draw(result(image, time=5.5), None))[225, 310], "a look that missed it"
    moved = Box(270, 150, 390, 300)
    picture = overlay.draw(result(image, time=5.6, others=(moved,)), None)
    assert changed(image, picture)[225, 330]
    assert not changed(image, picture)[225, 220], "where it was before is not hidden twice"
    assert not changed(image, overlay.draw(result(image, time=7.0), None)).any()


def test_a_face_lost_for_a_moment_stays_hidden() -> None:
    image, box = noise(), Box(250, 150, 370, 300)
    overlay = Overlay("blurred", False)
    overlay.draw(result(image, track(1, box, "happy"), time=5.0), None)
    assert changed(image, overlay.draw(result(image, time=5.5), None))[225, 310]
    assert not changed(image, overlay.draw(result(image, time=6.5), None)).any()


def test_a_face_in_a_frame_that_is_not_drawn_stays_hidden_in_the_next() -> None:
    image, box = noise(), Box(250, 150, 370, 300)
    overlay = Overlay("blurred", False)
    overlay.follow(result(image, track(1, box, "happy"), time=5.0))
    assert changed(image, overlay.draw(result(image, time=5.5), None))[225, 310]


def test_pictures_of_a_folder_do_not_hide_each_others_faces() -> None:
    image, overlay = noise(), Overlay("blurred", False)
    overlay.draw(result(image, track(1, Box(250, 150, 370, 300), "happy"), file="a.jpg"), None)
    assert not changed(image, overlay.draw(result(image, file="b.jpg"), None)).any()


def test_none_has_no_pixel_of_the_picture() -> None:
    person = track(1, Box(250, 150, 370, 300), "happy")
    drawn = [Overlay("none", True).draw(result(image, person), STATUS) for image in (noise(), flat(), flat(value=0))]
    assert np.array_equal(drawn[0], drawn[1])
    assert np.array_equal(drawn[0], drawn[2])
    assert drawn[0].any()


@pytest.mark.parametrize("size", [(320, 240), (800, 480), (480, 800), (1920, 1080)])
def test_none_says_that_nobody_is_there_and_shows_no_emotion(size: tuple[int, int]) -> None:
    picture = Overlay("none", False).draw(result(noise()), None, size)
    lit = picture.any(axis=-1)
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    letters = text_mask("nobody", round(0.5 * min(size[0] / 6, size[1] / 4.5)))
    top, left = rows[0] - np.flatnonzero(letters.any(axis=1))[0], columns[0] - np.flatnonzero(letters.any(axis=0))[0]
    word = lit[top : top + letters.shape[0], left : left + letters.shape[1]]
    assert (word == (letters > 1)).mean() > 0.99
    assert word.sum() == lit.sum(), "nothing but the word"
    assert abs((columns[0] + columns[-1]) / 2 - size[0] / 2) < 0.005 * size[0] + 1


@pytest.mark.parametrize("count", range(1, MOST_SHOWN + 1))
@pytest.mark.parametrize("size", [(640, 480), (480, 800), (1920, 1080)])
def test_words_share_the_screen(count: int, size: tuple[int, int]) -> None:
    places = cells(count, Box(0, 0, *size))
    assert len(places) == count
    assert all(place.clipped(*size).width > place.width - 0.01 for place in places)
    assert all(overlap(one, other) < 1 for i, one in enumerate(places) for other in places[:i])


@pytest.mark.parametrize(("width", "drawn"), [(60, 1), (90, 1), (120, 8), (240, 8)])
def test_drawings_below_columns_are_left_out_where_they_would_be_smudges(
    monkeypatch: pytest.MonkeyPatch, width: int, drawn: int
) -> None:
    sizes: list[int] = []
    icon_mask = words.icon_mask
    monkeypatch.setattr(words, "icon_mask", lambda name, size: sizes.append(size) or icon_mask(name, size))
    words.draw_words(
        words.black((width, width)), [track(1, Box(0, 0, 9, 9), "happy")], True, Box(0, 0, width, 2 * width)
    )
    assert len(sizes) == drawn, "the large one, and perhaps seven small ones"


def test_none_draws_no_more_words_than_can_be_read() -> None:
    people = [track(i, Box(0, 0, 50, 50), "happy") for i in range(MOST_SHOWN + 5)]
    assert np.array_equal(
        Overlay("none", True).draw(result(flat(), *people), None),
        Overlay("none", True).draw(result(flat(), *people[:MOST_SHOWN]), None),
    )
