"""What every emotion card says in words."""

from __future__ import annotations

from typing import Final

from quantize.made_from import MadeFrom

FER2013_PICTURES: Final = "FER2013, Training split"
OWN_PICTURES: Final = "those of the person who trained it"


def origin(made: MadeFrom) -> dict[str, str]:
    ours = made.start is None and not made.own
    how = f"trained on from the weights of `{made.start}`" if made.start else "trained from random weights"
    return {
        "author": "the emotion-edge project" if ours else "whoever trained it",
        "made": f"{how} by `python -m training`",
        "pictures": _pictures(made),
        **({"votes": "FER+"} if made.votes else {}),
    }


def _pictures(made: MadeFrom) -> str:
    if made.fer2013 or made.start_fer2013:
        between = "; " if made.fer2013 else "; then "
        return FER2013_PICTURES + (between + OWN_PICTURES if made.own else "")
    return OWN_PICTURES + (f"; its teachers' were {FER2013_PICTURES}" if made.taught_fer2013 else "")


def terms(made: MadeFrom, licence: str | None) -> dict[str, str]:
    """The entries about the licence. licence: what its owner says of it, or None."""
    if made.holds_fer2013:
        return {"licence": licence or LICENCE, "licence_notes": LICENCE_NOTES}
    return {"licence": licence or NO_LICENCE}


def limits(made: MadeFrom) -> list[str]:
    return [*LAWS, *(LIMITS_OF_FER2013 if made.holds_fer2013 else (LIMIT_OF_OWN_PICTURES,))]


NO_LICENCE: Final = "none stated: ask whoever trained it"
LICENCE: Final = "research use: the weights were trained on FER2013"
LICENCE_NOTES: Final = (
    "FER2013 is photographs found by an image search engine and published for a research contest in 2013. Their owners "
    "were not asked and gave no licence, and copies that name one cannot grant it. The FER+ votes are MIT (Microsoft). "
    "We claim no rights in the weights beyond our own, which we give under Apache-2.0; whether you may use them in a "
    "product is yours to settle first."
)

INTENDED_USE: Final = (
    "What people who look at a face would call its expression, for installations, robots, research and interfaces "
    "whose visitors know that it runs. It reads the expression, not what a person feels."
)

BENCHMARK_USE: Final = (
    "The classic benchmark, for comparisons with the literature: it answers as FER2013's own labels do, the words that "
    "its pictures were searched by. Of ten people who look at such a picture, most agree with its word in two of three "
    "cases: in front of people, use `emotion`."
)

LAWS: Final = (
    "EU AI Act, Article 5(1)(f): inferring emotions of people at work or in education is prohibited since "
    "2 February 2025, except for medical or safety reasons. Elsewhere such systems are high-risk (Annex III).",
    "People in front of the camera must be informed (EU AI Act, Article 50(3), from 2 August 2026).",
    "Not for decisions about people: hiring, marks, credit, policing, health, lie detection.",
)
LIMITS_OF_FER2013: Final = (
    "Trained on 48x48 grey web photographs, mostly frontal, with unknown shares of age, sex and skin tone; "
    "accuracy on other groups, profiles, masks and sunglasses is lower or unknown.",
    "Ten people often disagree about fear, disgust and sadness; so does this model. See the recalls.",
    "A third of the crowd's pictures are neutral. Where faces are livelier, set the base rates to balanced.",
)
LIMIT_OF_OWN_PICTURES: Final = (
    "Trained on pictures of the person who trained it: how it does on other people, cameras and light is unknown."
)
