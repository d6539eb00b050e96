"""The demo: shipped sample inputs through the main job, in two languages, offline."""

from importlib.resources import files
from pathlib import Path

from likewise.errors import OutputFailed
from likewise.progress import ProgressCallback, silent
from likewise.studio.choosing import choose_voice
from likewise.studio.rendering import Video
from likewise.studio.talk import talk
from likewise.video.sheet import contact_sheet
from likewise.voice.registry import voice_engine

SENTENCES = {
    "en-us": (
        "Hello! For five hundred years people have asked me why I smile. "
        "Today I can finally tell you: somebody gave me a voice."
    ),
    "ja": (
        "こんにちは。五百年のあいだ、黙って微笑んでいました。"
        "今日は、皆さんとお話しできて嬉しいです。"
    ),
}
"""What the painting says, by language."""

CONSENT = "source:LibriSpeech test-other 533-1066-0001, read by Ana Simao for LibriVox, CC BY 4.0"
"""Where the shipped sample of a voice comes from."""


def demo(folder: Path | str, *, on_progress: ProgressCallback = silent) -> list[Video]:
    """Make the demo's videos with subtitles, plot and contact sheet.

    Args:
        folder: Where the files go; made if missing.
        on_progress: Told about the stages.

    Returns:
        The videos, English first.

    Raises:
        OutputFailed: The folder can't be made or written.
        MissingWeights: A model is missing.
    """
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputFailed(
            f"Can't make the folder {target}: {error.strerror}. Choose another with -o."
        ) from error
    samples = Path(str(files("likewise") / "data" / "demo"))
    voice = choose_voice(
        samples / "voice.flac",
        voice_engine("kokoro"),
        language="en-us",
        consent=CONSENT,
        on_progress=on_progress,
    )
    videos = []
    for language, text in SENTENCES.items():
        stem = target / f"demo-{language[:2]}"
        videos.append(
            talk(
                samples / "portrait.jpg",
                text,
                voice=voice,
                output=stem.with_suffix(".mp4"),
                language=language,
                crop="head",
                size=512,
                subtitles=[stem.with_suffix(".srt"), stem.with_suffix(".vtt")],
                plot=stem.with_suffix(".png"),
                on_progress=on_progress,
            )
        )
        contact_sheet(stem.with_suffix(".mp4"), target / f"{stem.name}-frames.png")
    return videos
