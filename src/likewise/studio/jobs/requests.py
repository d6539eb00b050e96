"""What can be asked for, as data: one model a kind of job, checked before a job is accepted.

Fields of type `File` name something that was uploaded (its id), or a file of an earlier job
(`job:<id>/<name>`). Whoever accepts the job puts those files into its folder, named by the field.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from likewise.face.points import NAMES, PointName
from likewise.motion.moods import MOODS
from likewise.motion.sliders import RANGES
from likewise.studio.framing import Crop
from likewise.values.portrait import Kind, Style

File = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{16}|job:[0-9a-f]{16}/[\w.-]{1,80})$")]
"""An uploaded file's id, or a file of a job."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=100_000)]
Tag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{0,8}(-[A-Za-z0-9]{1,8}){0,3}$")]
VoiceName = Annotated[str, StringConstraints(min_length=1, max_length=64)]
EngineName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
Coordinate = Annotated[float, Field(ge=0.0, le=1.0)]
SliderName = Annotated[str, StringConstraints(pattern=f"^({'|'.join(RANGES)})$")]
MoodName = Annotated[str, StringConstraints(pattern=f"^({'|'.join(MOODS)})$")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def files(self) -> dict[str, str]:
        """The files that are referred to, by field."""
        named = ((name, getattr(self, name)) for name in self._FILES)
        return {name: value for name, value in named if value}

    _FILES: tuple[str, ...] = ()


class _Spoken(_Request):
    """Who speaks: a saved or stock voice, or a recording with its consent."""

    voice: VoiceName | None = Field(None, description="Name of a saved or stock voice.")
    voice_file: File | None = Field(
        None, description="A recording of the voice instead; it needs `consent`."
    )
    consent: str = Field(
        "", max_length=400, description="Why this voice may be used: `own` or `source:TEXT`."
    )
    language: Tag = Field("", description="Language tag; the voice's own if left out.")
    speed: float = Field(1.0, ge=0.5, le=2.0)
    verify: bool = Field(False, description="A speech recogniser checks every sentence.")
    engine: EngineName = "kokoro"

    @model_validator(mode="after")
    def _one_voice(self) -> "_Spoken":
        if (self.voice is None) == (self.voice_file is None):
            raise ValueError("give `voice` or `voice_file`, one of them")
        return self


class _Shown(_Request):
    """Which face, and what is set by hand of it."""

    _FILES: tuple[str, ...] = ("picture",)

    picture: File = Field(description="A picture with a face.")
    points: dict[PointName, tuple[Coordinate, Coordinate]] | Literal["auto"] | None = Field(
        None,
        description="The face's ten points placed by hand, x and y as shares of the picture's "
        "width and height, for animals and drawings; `auto` takes a doubtful find as it is.",
    )
    eye_radii: tuple[Coordinate, Coordinate] | None = Field(
        None, description="With points: half an eye's width and height, as such shares."
    )
    kind: Kind | None = Field(None, description="With points: what the face is.")
    style: Style | None = Field(None, description="How the picture is made, for its mouth.")
    face: int | None = Field(None, ge=1, le=100, description="Which face, the largest is 1.")
    mood: MoodName = Field("neutral", description="What the face wears; a film brings its own.")
    sliders: dict[SliderName, float] = Field(
        {}, description=f"Pose and expression set by hand, within these ranges: {dict(RANGES)}."
    )

    @model_validator(mode="after")
    def _within_ranges(self) -> "_Shown":
        for name, value in self.sliders.items():
            lowest, highest = RANGES[name]
            if not lowest <= value <= highest:
                raise ValueError(f"`{name}` goes from {lowest:g} to {highest:g}, not {value:g}")
        return self

    @model_validator(mode="after")
    def _all_points(self) -> "_Shown":
        if isinstance(self.points, dict) and set(self.points) != set(NAMES):
            raise ValueError(f"`points` needs all ten: {', '.join(NAMES)}")
        return self


class PreviewRequest(_Shown):
    """One frame of a face, at once."""

    size: int = Field(480, ge=64, le=720, description="Longest side in pixels.")


class _Drawn(_Shown):
    """How a picture moves."""

    crop: Crop = "none"
    size: int = Field(1280, ge=64, le=2160, description="Longest side in pixels.")
    fps: float = Field(25.0, ge=5.0, le=60.0)
    liveliness: float = Field(1.0, ge=0.0, le=3.0)
    seed: int = Field(0, ge=0, le=2**31 - 1)
    face_engine: EngineName = "mesh"


class TalkRequest(_Spoken, _Drawn):
    """A picture, a voice and a sentence become a talking video."""

    _FILES = ("picture", "voice_file")

    text: Text
    report: bool = Field(True, description="Also say how alike the result is and why.")


class SpeakRequest(_Spoken):
    """A text in a voice becomes a sound."""

    _FILES = ("voice_file",)

    text: Text
    format: Literal["wav", "flac", "mp3", "opus", "ogg", "m4a"] = "wav"
    plot: bool = Field(True, description="Also draw the sound: mel spectrograms, onset strength.")


class AnimateRequest(_Drawn):
    """A picture moves its lips to a recording, or does what a person on film does."""

    _FILES = ("picture", "audio", "driver")

    audio: File | None = Field(None, description="The recording; with a driver, other sound.")
    driver: File | None = Field(None, description="A film whose face the picture follows.")
    transcript: str = Field("", max_length=100_000, description="What is said in it.")
    language: Tag = ""
    engine: EngineName = "kokoro"

    @model_validator(mode="after")
    def _moved_by_something(self) -> "AnimateRequest":
        if self.audio is None and self.driver is None:
            raise ValueError("give `audio` or `driver`: what the picture should follow")
        return self


class VerifyRequest(_Request):
    """How alike is a video or sound to its originals, with controls."""

    _FILES = ("media", "recording", "picture")

    media: File = Field(description="A talking video, or a sound.")
    recording: File | None = Field(None, description="A recording of the person.")
    picture: File | None = Field(None, description="The picture that was animated.")
    text: str = Field("", max_length=100_000)
    language: Tag = ""


class ExplainRequest(_Request):
    """Why two voices sound alike, what is seen in a picture, what a face does."""

    _FILES = ("media", "other")

    what: Literal["voice", "picture", "face"]
    media: File = Field(description="A recording of the person, a picture, or a video.")
    other: File | None = Field(None, description="The clone's speech, or another picture.")
    point: tuple[Coordinate, Coordinate] | None = Field(
        None, description="A place in the picture to compare, as shares of its size."
    )

    @model_validator(mode="after")
    def _other_voice(self) -> "ExplainRequest":
        if self.what == "voice" and self.other is None:
            raise ValueError("explaining a voice needs `other`, what the cloned voice said")
        return self


REQUESTS: dict[str, type[_Request]] = {
    "talk": TalkRequest,
    "speak": SpeakRequest,
    "animate": AnimateRequest,
    "verify": VerifyRequest,
    "explain": ExplainRequest,
}
"""The model of each kind of job."""


def parsed(kind: str, request: dict[str, Any]) -> _Request:
    """A request from its stored JSON."""
    return REQUESTS[kind].model_validate(request)
