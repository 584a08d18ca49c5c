"""What people see: everything inside the picture, faces not hidden or, where wanted, hidden for certain."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.drawings import ICONS
from edge.emotion.labels import LABELS
from edge.overlay import Overlay
from edge.overlay.icons import icon_mask, program_icon
from edge.overlay.ink import PALETTE, colour_of, paint, text_mask
from edge.overlay.marks import bars_size, plate_size, shown_label, shown_percent
from edge.overlay.overlay import status_parts
from edge.overlay.place import best_place, fitted, overlap
from edge.overlay.words import MOST_SHOWN, cells
from edge.types import Box, Face, Frame, Image, Result, Status, Track

GOLDEN = Path(__file__).parent / "golden" / "overlay.png"
NO_POINTS = np.zeros((4, 2), np.float32)
STATUS = Status("running", "demo", fps=29.6, temperature_c=54.2)


def track(number: int, box: Box, label: str, confidence: float = 0.9, uncertain: bool = False) -> Track:
    probabilities = np.full(len(LABELS), (1 - confidence) / (len(LABELS) - 1))
    probabilities[LABELS.index(label)] = confidence
    return Track(number, Face(box, 0.98, NO_POINTS), probabilities, uncertain, label)


def result(image: Image, *tracks: Track, time: float = 1.0, file: str | None = None) -> Result:
    return Result(Frame(image, time, 0.0, 1, file), time, tracks)


def noise(width: int = 640, height: int = 480) -> Image:
    return np.random.default_rng(1).integers(60, 200, (height, width, 3), dtype=np.uint8)


def flat(width: int = 640, height: int = 480, value: int = 128) -> Image:
    return np.full((height, width, 3), value, np.uint8)


def scene() -> Image:
    """A made-up background: gradients and a checkered part, so that blending shows."""
    y, x = np.mgrid[0:480, 0:640]
    picture = np.stack([x * 255 // 639, y * 255 // 479, 255 - x * 255 // 639], axis=-1).astype(np.uint8)
    picture[300:480, 0:200] = np.where((x + y)[300:480, 0:200, None] // 20 % 2 == 0, 230, 25)
    return picture


def changed(before: Image, after: Image) -> Image:
    return np.any(before != after, axis=-1)  # type: ignore[return-value]


# --- the picture style


def test_draws_on_a_copy() -> None:
    image = noise()
    untouched = image.copy()
    picture = Overlay("picture", True).draw(result(image, track(1, Box(200, 100, 300, 220), "happy")), STATUS)
    assert picture.shape == image.shape
    assert picture.dtype == np.uint8
    assert picture is not image
    assert np.array_equal(image, untouched)
    assert changed(image, picture).any()


def test_the_face_itself_is_left_alone() -> None:
    image = noise()
    picture = Overlay("picture", True).draw(result(image, track(1, Box(200, 150, 320, 300), "happy")), STATUS)
    assert np.array_equal(picture[160:290, 210:310], image[160:290, 210:310])


@pytest.mark.parametrize("size", [(160, 120), (640, 480), (800, 480), (480, 800), (1920, 1080)])
@pytest.mark.parametrize("corner", [(0, 0), (1, 0), (0, 1), (1, 1), (0.5, 0.5)])
@pytest.mark.parametrize("uncertain", [False, True])
def test_plates_and_bars_stay_inside_the_frame(
    size: tuple[int, int], corner: tuple[float, float], uncertain: bool
) -> None:
    """The same plate, drawn on a larger picture with the frame in its middle, would stick out if it were cut off."""
    width, height = size
    side = 0.25 * min(size)
    x, y = corner[0] * (width - side), corner[1] * (height - side)
    person = track(1, Box(x, y, x + side, y + side), "surprise", 1.0, uncertain)
    unit = max(0.45, min(size) / 480)
    for plate in (plate_size(person, unit), bars_size(unit)):
        bounds = Box(0, 0, width, height)
        _, place, covered = best_place(
            person.face.box, plate, ("right", "left", "below", "above"), 6 * unit, bounds, (), None
        )
        assert place.clipped(width, height) == place
        assert covered < 0.5 or size == (160, 120)
    picture = Overlay("picture", True).draw(result(flat(*size), person), None)
    assert picture.shape == (height, width, 3)


def test_a_box_outside_of_the_frame_is_no_error() -> None:
    for box in (Box(-80, -60, 40, 60), Box(600, 440, 900, 700), Box(-500, -500, -400, -400), Box(-99, -99, 999, 999)):
        for style in ("picture", "blurred", "none"):
            Overlay(style, True).draw(result(flat(), track(1, box, "fear")), STATUS)


def test_colours_belong_to_ids() -> None:
    image, box = flat(value=90), Box(200, 150, 320, 300)
    for number in (0, 3, 7):
        for label in ("happy", "sad"):
            picture = Overlay("picture", False).draw(result(image, track(number, box, label)), None)
            assert tuple(int(value) for value in picture[225, 320]) == colour_of(number) == PALETTE[number % 6]


def test_palette_is_distinct_and_stands_out_on_the_plate() -> None:
    lightness = [cv2.cvtColor(np.uint8([[colour]]), cv2.COLOR_BGR2LAB)[0, 0] for colour in PALETTE]  # type: ignore[call-overload]
    assert all(int(value[0]) > 110 for value in lightness)
    distances = [
        np.linalg.norm(one.astype(int) - other.astype(int))
        for i, one in enumerate(lightness)
        for other in lightness[:i]
    ]
    assert min(distances) > 25


def test_uncertain_is_grey_and_says_so() -> None:
    sure = track(4, Box(200, 150, 320, 300), "sad", 0.72)
    unsure = track(4, Box(200, 150, 320, 300), "sad", 0.3, uncertain=True)
    assert (shown_label(sure), shown_percent(sure)) == ("sad", "72%")
    assert (shown_label(unsure), shown_percent(unsure)) == ("uncertain", "")
    picture = Overlay("picture", True).draw(result(flat(), unsure), None).astype(int)
    spread = picture.max(axis=-1) - picture.min(axis=-1)
    assert spread.max() <= 20, "no colour anywhere"


def test_the_number_shown_is_that_of_the_settled_label() -> None:
    rising = Track(1, Face(Box(0, 0, 9, 9), 1, NO_POINTS), np.array([0, 0, 0, 0.6, 0, 0, 0.4]), False, "neutral")
    assert (shown_label(rising), shown_percent(rising)) == ("neutral", "40%")


def test_grey_frames_are_drawn_in_colour() -> None:
    image = flat()[..., 0].copy()
    picture = Overlay("picture", False).draw(result(image, track(0, Box(200, 150, 320, 300), "happy")), None)
    assert picture.shape == (480, 640, 3)
    assert (picture[225, 320] != picture[225, 320, 0]).any()


def test_no_face_no_status_is_the_picture_itself() -> None:
    image = noise()
    assert np.array_equal(Overlay("picture", True).draw(result(image), None), image)


def test_many_faces_have_plates_that_do_not_cover_one_another() -> None:
    image = flat()
    people = [
        track(i, Box(20 + 125 * (i % 5), 80 + 180 * (i // 5), 90 + 125 * (i % 5), 160 + 180 * (i // 5)), label)
        for i, label in enumerate((*LABELS, "happy", "fear", "surprise"))
    ]
    picture = Overlay("picture", False).draw(result(image, *people), None)
    for person in people:
        box = person.face.box
        inside = picture[round(box.y0) + 6 : round(box.y1) - 6, round(box.x0) + 6 : round(box.x1) - 6]
        # A neighbour's plate may touch a face's rim, not more.
        assert (inside == 128).all(axis=-1).mean() > 0.9


def test_a_plate_does_not_jump_between_two_sides_that_are_as_good() -> None:
    face, bounds = Box(100, 100, 200, 200), Box(0, 0, 640, 480)
    slightly_covered = Box(110, 70, 120, 90)
    side, _, _ = best_place(face, (100, 30), ("above", "below"), 5, bounds, (slightly_covered,), None)
    assert side == "below"
    side, _, _ = best_place(face, (100, 30), ("above", "below"), 5, bounds, (slightly_covered,), "above")
    assert side == "above"


def test_golden_picture() -> None:
    """Guards the looks. To accept new ones: python tests/test_overlay.py, look at the picture, give the reason."""
    expected = cv2.imread(str(GOLDEN))
    assert expected is not None
    difference = np.abs(golden_picture().astype(int) - expected.astype(int))
    # Other releases of Pillow and OpenCV, and Arm, may place and smooth edges a little differently.
    assert difference.mean() < 0.6
    assert (difference.max(axis=-1) > 40).mean() < 0.01


def golden_picture() -> Image:
    people = (
        track(1, Box(250, 150, 370, 300), "happy", 0.93),
        track(2, Box(30, 340, 110, 440), "surprise", 0.64),
        track(3, Box(540, 20, 630, 130), "sad", 0.31, uncertain=True),
    )
    return Overlay("picture", True).draw(result(scene(), *people), STATUS)


# --- other sizes


@pytest.mark.parametrize("size", [(800, 480), (480, 800), (1920, 1080), (160, 120), (320, 240), (7, 5), (1, 1)])
def test_the_whole_picture_is_fitted_into_any_size(size: tuple[int, int]) -> None:
    picture = Overlay("picture", True).draw(result(flat(), track(1, Box(200, 150, 320, 300), "fear")), STATUS, size)
    assert picture.shape == (size[1], size[0], 3)


def test_black_bars_beside_a_frame_of_other_proportions() -> None:
    canvas, view = fitted(flat(640, 480), (800, 480))
    assert not canvas[:, :80].any()
    assert not canvas[:, 720:].any()
    assert (canvas[:, 80:720] == 128).all()
    assert view.box(Box(0, 0, 640, 480)) == Box(80, 0, 720, 480)


# --- privacy


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


def test_none_shows_a_calm_sign_where_nobody_is() -> None:
    picture = Overlay("none", False).draw(result(noise()), None)
    assert 0 < picture.max() < 100


@pytest.mark.parametrize("count", range(1, MOST_SHOWN + 1))
@pytest.mark.parametrize("size", [(640, 480), (480, 800), (1920, 1080)])
def test_words_share_the_screen(count: int, size: tuple[int, int]) -> None:
    places = cells(count, *size)
    assert len(places) == count
    assert all(place.clipped(*size).width > place.width - 0.01 for place in places)
    assert all(overlap(one, other) < 1 for i, one in enumerate(places) for other in places[:i])


def test_none_draws_no_more_words_than_can_be_read() -> None:
    people = [track(i, Box(0, 0, 50, 50), "happy") for i in range(MOST_SHOWN + 5)]
    assert np.array_equal(
        Overlay("none", True).draw(result(flat(), *people), None),
        Overlay("none", True).draw(result(flat(), *people[:MOST_SHOWN]), None),
    )


# --- status and waiting


def test_status_line() -> None:
    assert status_parts(None) == []
    assert status_parts(Status("running", "x")) == []
    assert status_parts(STATUS) == [("30 fps", False), ("54°C", False)]
    hot = Status("waiting", "x", temperature_c=84.7, throttled=True)
    assert status_parts(hot) == [
        ("waiting for the camera", True),
        ("85°C", False),
        ("slowed down by heat or power", True),
    ]
    assert status_parts(Status("paused", "x")) == [("paused", True)]
    assert status_parts(Status("running", "x", away=("mqtt", "csv"))) == [("no broker", True), ("csv is broken", True)]


@pytest.mark.parametrize("size", [(160, 120), (640, 480), (1920, 1080), (480, 800)])
def test_waiting_screens_differ_and_are_centred(size: tuple[int, int]) -> None:
    overlay = Overlay("picture", False)
    states = [None, Status("waiting", "x"), Status("paused", "x")]
    screens = [overlay.waiting(status, size) for status in states]
    assert not np.array_equal(screens[0], screens[1])
    assert not np.array_equal(screens[1], screens[2])
    for screen in screens:
        assert screen.shape == (size[1], size[0], 3)
        columns = np.flatnonzero(screen.any(axis=(0, 2)))
        assert columns[0] > 2
        assert columns[-1] < size[0] - 3
        assert abs((columns[0] + columns[-1]) / 2 - size[0] / 2) < 0.04 * size[0]


# --- ink


def test_every_label_has_its_own_drawing() -> None:
    masks = [icon_mask(label, 40) for label in LABELS]
    assert all(mask.shape == (40, 40) and mask.max() > 200 for mask in masks)
    assert all(not np.array_equal(one, other) for i, one in enumerate(masks) for other in masks[:i])
    assert {*LABELS, "uncertain"} <= set(ICONS)


def test_program_icon_has_transparent_corners() -> None:
    icon = program_icon(64)
    assert icon.shape == (64, 64, 4)
    assert icon[0, 0, 3] == 0
    assert icon[32, 32, 3] == 255


@pytest.mark.parametrize("size", [9, 10, 14, 23, 52, 120])
def test_letters_are_not_cut_off(size: int) -> None:
    mask = text_mask("gypfl", size)
    assert mask.max() > 180
    assert not mask[0].any()
    assert not mask[-1].any()


def test_ink_outside_of_the_canvas_is_cut_off() -> None:
    canvas, mask = flat(10, 10, 0), np.full((6, 6), 255, np.uint8)
    paint(canvas, mask, -3, -3, (255, 255, 255))
    paint(canvas, mask, 8, 8, (255, 255, 255))
    paint(canvas, mask, 50, 50, (255, 255, 255))
    assert (canvas[:3, :3] == 255).all()
    assert (canvas[8:, 8:] == 255).all()
    assert not canvas[3:8, :].any()


def test_opacity_mixes() -> None:
    canvas = flat(4, 4, 100)
    paint(canvas, np.full((4, 4), 255, np.uint8), 0, 0, (200, 200, 200), opacity=0.5)
    assert (canvas == 150).all()


if __name__ == "__main__":
    cv2.imwrite(str(GOLDEN), golden_picture())
