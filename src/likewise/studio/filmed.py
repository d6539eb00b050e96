"""Whoever is on film agrees before the film shows them doing what they never did."""

from typing import Final

from likewise.audio import files
from likewise.errors import BadInput, ConsentMissing
from likewise.provenance.consent import ConsentLike, agreed, statement
from likewise.seeing.following import Film
from likewise.values import Audio, Consent

_LISTENED: Final = 60.0  # seconds of the film's own sound that a spoken agreement is compared with


def check_filmed(name: str, consent: ConsentLike | None, language: str = "") -> None:
    """Refuse a film whose person wasn't asked, before any work.

    Args:
        name: Of the film, for the message.
        consent: `own`, `spoken:FILE`, `source:TEXT` or a record; None and "" where none is given.
        language: Language in which the person would agree.

    Raises:
        ConsentMissing: None was given; the message says how to give it.
    """
    if consent in (None, ""):
        raise ConsentMissing(
            f"The person in {name} would be shown saying or doing what they never said or did. Say "
            "on what ground: --consent own (it is you), --consent spoken:FILE (a recording in "
            f"which they say “{statement(language)}”), or --consent source:TEXT (where the film "
            "comes from, for one that is in the public domain, synthetic, or acted for this). In "
            "Python: consent=..."
        )


def agreement(consent: ConsentLike | None, film: Film, language: str = "") -> Consent:
    """The checked consent of the person on film.

    Args:
        consent: As for `check_filmed`.
        film: Its own sound is what a spoken agreement is compared with.
        language: Language of a spoken agreement.

    Raises:
        BadInput: A text that is no consent, or a spoken one for a film without sound.
        Unsafe: A spoken one that doesn't hold.
    """
    references: list[Audio] = []
    if isinstance(consent, str) and consent.strip().startswith("spoken:"):
        if not film.has_sound:
            raise BadInput(
                f"{film.path.name} has no sound, so a spoken agreement can't be compared with it. "
                "Say on what ground with --consent own or --consent source:TEXT."
            )
        references = [files.read(film.path, max_seconds=None).between(0.0, _LISTENED)]
    return agreed(consent, references, language=language)
