"""A voice cloned in one language speaks the others: is it understood, and is it still alike?

    python benchmarks/languages.py [FOLDER ...] [--language ja] [--tier instant] [--json FILE]

Each FOLDER holds recordings of one speaker: the one nearest to nine seconds is enrolled in the
language `--of`, the others judge. Without one, two English speakers of the project's shared voices
are enrolled, where present, and a speaker of Japanese: Mei (MMDAgent, CC BY 3.0), a statistical
voice that pyopenjtalk brings along and that Kokoro has never met, as no recording of Japanese is at
hand. Per language: word error rate (Chinese by syllable, Japanese by kana) of the language's own
stock voice and of the clone, as Whisper base hears five everyday sentences; and how alike the clone
is there by two encoders, 0 another speaker, 1 the same one.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from voices import DEFAULT, load, recordings

from likewise.values import Audio, Speech, Voice
from likewise.verify import speaker, words
from likewise.voice.engine import VoiceEngine
from likewise.voice.kokoro import stock
from likewise.voice.registry import voice_engine

SENTENCES = {
    "en-us": (
        "The train to the coast leaves at noon from the second platform.",
        "My sister grows tomatoes and beans behind the old house.",
        "Please close the window before the rain comes in.",
        "We walked along the river until it was dark.",
        "He forgot his umbrella in the library again.",
    ),
    "ja": (
        "海へ行く電車は、昼に二番線から出ます。",
        "妹は古い家の裏で野菜を育てています。",
        "雨が入る前に窓を閉めてください。",
        "私たちは暗くなるまで川に沿って歩きました。",
        "彼はまた図書館に傘を忘れました。",
    ),
    "zh": (
        "去海边的火车中午从二号站台出发。",
        "我妹妹在老房子后面种西红柿和豆子。",
        "下雨之前请把窗户关上。",
        "我们沿着河一直走到天黑。",
        "他又把雨伞忘在图书馆了。",
    ),
    "es": (
        "El tren a la costa sale al mediodía del segundo andén.",
        "Mi hermana cultiva tomates y judías detrás de la casa vieja.",
        "Por favor, cierra la ventana antes de que entre la lluvia.",
        "Caminamos junto al río hasta que se hizo de noche.",
        "Ha olvidado otra vez el paraguas en la biblioteca.",
    ),
    "fr": (
        "Le train pour la côte part à midi du deuxième quai.",
        "Ma sœur cultive des tomates et des haricots derrière la vieille maison.",
        "Fermez la fenêtre avant que la pluie n'entre, s'il vous plaît.",
        "Nous avons marché le long de la rivière jusqu'à la nuit.",
        "Il a encore oublié son parapluie à la bibliothèque.",
    ),
    "it": (
        "Il treno per la costa parte a mezzogiorno dal secondo binario.",
        "Mia sorella coltiva pomodori e fagioli dietro la vecchia casa.",
        "Per favore, chiudi la finestra prima che entri la pioggia.",
        "Abbiamo camminato lungo il fiume fino a quando si è fatto buio.",
        "Ha dimenticato di nuovo l'ombrello in biblioteca.",
    ),
    "pt-br": (
        "O trem para a costa sai ao meio-dia da segunda plataforma.",
        "Minha irmã planta tomates e feijões atrás da casa velha.",
        "Por favor, feche a janela antes que a chuva entre.",
        "Caminhamos ao longo do rio até escurecer.",
        "Ele esqueceu o guarda-chuva na biblioteca outra vez.",
    ),
    "hi": (
        "समुद्र की ओर जाने वाली गाड़ी दोपहर को दूसरे प्लेटफार्म से चलती है।",
        "मेरी बहन पुराने घर के पीछे टमाटर उगाती है।",
        "बारिश आने से पहले खिड़की बंद कर दीजिए।",
        "हम अंधेरा होने तक नदी के किनारे चलते रहे।",
        "वह फिर से अपना छाता पुस्तकालय में भूल गया।",
    ),
}
"""The same five sentences in each language, written for this benchmark."""


JAPANESE = (
    "昨日の夕方、駅の近くの小さな喫茶店で古い友達に会いました。とても元気そうで、昔の話をたくさんしました。",
    "明日の朝は早く起きて、海まで自転車で走るつもりです。天気がよければ、昼ごはんは砂浜で食べます。",
    "この町には大きな図書館があって、週末になると子どもたちが絵本を読みに来ます。静かで明るい場所です。",
    "母は庭で野菜を育てています。夏にはきゅうりとトマトがたくさん採れるので、近所の人にも分けています。",
)
"""What the Japanese speaker says, eight to ten seconds each; the second is enrolled."""


class Speaker(NamedTuple):
    """Somebody to clone: the recording to enrol, its language, and others that judge."""

    name: str
    language: str
    enrolled: Audio
    others: list[Audio]


def mei() -> Speaker:
    """A Japanese speaker: HMM-based synthesis, so a likeness to a real person says more."""
    import pyopenjtalk

    sounds = []
    for text in JAPANESE:
        samples, rate = pyopenjtalk.tts(text)
        sounds.append(Audio((np.asarray(samples) / 32_768).astype(np.float32), int(rate)))
    return Speaker("Mei", "ja", sounds[1], [*sounds[:1], *sounds[2:]])


def speakers(folders: Sequence[Path], language: str) -> Iterator[Speaker]:
    """Those of the folders, or the usual three."""
    for folder in folders or [DEFAULT / "1688", DEFAULT / "367"]:
        if folder.is_dir() or folders:
            yield Speaker(folder.name, language, *recordings(folder))
    if not folders:
        yield mei()


def said(engine: VoiceEngine, voice: Voice, language: str) -> tuple[list[Speech], dict[str, Any]]:
    """The sentences of a language, and how they are understood."""
    texts = SENTENCES[language]
    spoken = [Speech.joined(engine.speak(text, voice, language=language)) for text in texts]
    pairs = [(speech.audio, text) for speech, text in zip(spoken, texts, strict=True)]
    metrics, _ = words.intelligibility(pairs, language)
    return spoken, {metric.name: metric.as_json() for metric in metrics}


def errors(metrics: dict[str, Any]) -> float | None:
    """Word or character error rate, percent."""
    return next((one["value"] for name, one in metrics.items() if "error rate" in name), None)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--language", action="append", choices=SENTENCES, help="default: all")
    parser.add_argument("--of", default="en-us", help="language of the recordings")
    parser.add_argument("--tier", default="instant")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    engine = voice_engine("kokoro")
    result: dict[str, Any] = {"load": load(), "stock": {}, "speakers": {}}
    print(f"load {load():.1f}\n{'voice':<16}{'language':<10}{'errors %':<10}{'GE2E':<8}d-vector")
    languages = given.language or list(SENTENCES)
    for language in languages:
        own = stock.voice(stock.default_for(language))
        _, result["stock"][language] = said(engine, own, language)
        print(f"{own.name:<16}{language:<10}{errors(result['stock'][language])!s:.5}", flush=True)
    for name, spoken_in, enrolled, others in speakers(given.folders, given.of):
        voice = engine.enrol([enrolled], name=name, language=spoken_in, tier=given.tier)
        rows = result["speakers"][name] = {}
        for language in languages:
            spoken, metrics = said(engine, voice, language)
            alike = speaker.similarity([Speech.joined(spoken).audio], others, enrolled=enrolled)
            rows[language] = metrics | {metric.name: metric.as_json() for metric in alike}
            shares = "".join(f"{metric.normalised or 0:<8.2f}" for metric in alike)
            print(f"{voice.name:<16}{language:<10}{errors(metrics)!s:<10.5}{shares}", flush=True)
        if given.json:
            given.json.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
