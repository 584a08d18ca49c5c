"""What every emotion card says in words."""

from __future__ import annotations

from typing import Final

ORIGIN: Final = {
    "author": "the emotion-edge project",
    "made": "trained from random weights by `python -m training`",
    "pictures": "FER2013, Training split",
    "votes": "FER+",
}


def origin(start: str | None) -> dict[str, str]:
    """start: the name of the model whose weights a run began from, where it did not begin from random ones."""
    if start is None:
        return ORIGIN
    return {
        "author": "whoever trained it",
        "made": f"trained on from the weights of `{start}` by `python -m training`",
        "pictures": "FER2013, Training split; then those of the person who trained it",
        "votes": "FER+",
    }


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

LIMITS: Final = (
    "EU AI Act, Article 5(1)(f): inferring emotions of people at work or in education is prohibited since "
    "2 February 2025, except for medical or safety reasons. Elsewhere such systems are high-risk (Annex III).",
    "People in front of the camera must be informed (EU AI Act, Article 50(3), from 2 August 2026).",
    "Not for decisions about people: hiring, marks, credit, policing, health, lie detection.",
    "Trained on 48x48 grey web photographs, mostly frontal, with unknown shares of age, sex and skin tone; "
    "accuracy on other groups, profiles, masks and sunglasses is lower or unknown.",
    "Ten people often disagree about fear, disgust and sadness; so does this model. See the recalls.",
    "A third of the crowd's pictures are neutral. Where faces are livelier, set the base rates to balanced.",
)
