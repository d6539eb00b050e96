"""Why a voice may be used: what the client declares becomes the record that stays with the voice.

`own` is the client's own voice; `spoken` comes with a recording of the statement of agreement;
`source:TEXT` names where a voice of the public domain, or a synthetic one, comes from.
"""

from likewise.errors import ConsentMissing, Unsafe
from likewise.values import Audio
from likewise.values.consent import Consent

_SHORTEST_NOTE = 8


def declared(words: str) -> Consent:
    """The consent that a client declares, where nothing needs to be listened to.

    Not `likewise.provenance.consent.agreed`, which also opens files by name: over the network a
    name of a file is not a client's to give.

    Args:
        words: `own` or `source:TEXT`.

    Raises:
        Unsafe: Nothing was declared, or too little.
    """
    words = words.strip()
    if words == "own":
        return Consent("own")
    if words.startswith("source:"):
        note = words.removeprefix("source:").strip()
        if len(note) >= _SHORTEST_NOTE:
            return Consent("source", note=note)
        raise Unsafe(
            "Say where the voice comes from, in a few words: consent=source:TEXT, for example "
            "'source:LibriVox reader, public domain'."
        )
    raise ConsentMissing(
        "A voice is taken only with consent. Send `consent`: own (it is my voice), "
        "source:TEXT (public domain or synthetic, and from where), or, when saving a voice, "
        "spoken together with a recording of the statement in `consent_file`."
    )


def heard(statement: Audio, recording: Audio, language: str) -> Consent:
    """The consent that a speaker gives in their own voice.

    Args:
        statement: The statement of agreement, spoken.
        recording: The recording that the voice is taken from.
        language: Language of the statement; "" is English.

    Raises:
        Unsafe: Another sentence, or another voice.
        MissingWeights: The extra [asr] is not installed.
    """
    from likewise.provenance.consent import spoken

    return spoken(statement, [recording], language=language)
