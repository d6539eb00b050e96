"""`likewise animate`: a picture or a film moves to a recording, a film, a template or a camera."""

from pathlib import Path
from typing import Annotated, Any

import typer

from likewise.cli import following, options
from likewise.cli.show import print_video, progress_bars
from likewise.errors import BadInput


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(animate)


def animate(
    picture: Annotated[
        str,
        typer.Argument(
            metavar="PICTURE|VIDEO",
            help="A picture with a face, - is stdin; or, with --face liveportrait, a video whose "
            "face is to follow the driver.",
        ),
    ],
    driven_by: Annotated[
        str, typer.Argument(metavar="VIDEO", help="The same as --driver VIDEO.")
    ] = "",
    audio: Annotated[
        Path | None, typer.Option(help="The recording: any sound file, or a video's sound.")
    ] = None,
    driver: Annotated[
        Path | None,
        typer.Option(
            metavar="VIDEO|camera[:N]",
            help="A video of a face to be followed; its sound is kept unless --audio is (else that "
            "of a source video). camera follows you, now, until Ctrl-C.",
        ),
    ] = None,
    motion: Annotated[
        Path | None, typer.Option(help="A motion template to play: .safetensors, .npz or .json.")
    ] = None,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="The video: .mp4, .webm, .gif or frames/%05d.png. A camera needs none.",
        ),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Watch a camera's picture in a browser meanwhile.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="When to stop following a camera.")
    ] = None,
    transcript: Annotated[
        str,
        typer.Option(help="What is said in it: text, or a text file; lips then follow the words."),
    ] = "",
    language: Annotated[str, typer.Option(help="Language of the transcript.")] = "",
    anchor: Annotated[
        float | None,
        typer.Option(help="Second at which the driver looks neutral; chosen if left out."),
    ] = None,
    driver_face: Annotated[
        int | None, typer.Option(min=1, help="Which face of the driver (1 is the largest).")
    ] = None,
    save_motion: options.SaveMotion = None,
    fps: Annotated[
        float | None,
        typer.Option(min=5, max=60, help="Frames per second: the driver's, or 25 for a recording."),
    ] = None,
    crop: options.Framing = "none",
    size: options.Size = 1280,
    face: Annotated[
        str,
        typer.Option(
            help="Which face of several (1 is the largest; all: each of a picture follows the "
            "driver), the face engine's name, or both: mesh:2."
        ),
    ] = "",
    points: options.Points = "",
    style: options.Style = None,
    liveliness: options.Liveliness = 1.0,
    seed: options.Seed = 0,
    mood: options.Mood = "",
    slider: options.Slider = None,
    keyframes: options.Keyframes = None,
    subtitles: options.Subtitles = None,
    engine: options.Engine = "kokoro",
    consent: options.FilmConsent = "",
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="With a driver or template: keep what is done beside the output until the video "
            "is there; after a stop the same command goes on.",
        ),
    ] = False,
    region: following.WhichRegion = None,
    multiplier: following.Multiplier = None,
    relative: following.Relative = None,
    expression_friendly: following.Friendly = None,
    stitching: following.Stitching = None,
    normalise_lip: following.NormaliseLip = None,
    eye_retargeting: following.EyeRetargeting = None,
    lip_retargeting: following.LipRetargeting = None,
    fix_eyes: following.FixEyes = None,
    as_json: options.Json = False,
) -> None:
    """Make a picture move its lips to a recording, or do what a person in a video does.

    A video in the picture's place keeps its own motion underneath what the driver does; the result
    is as long as the shorter of both.
    """
    film = Path(driven_by) if driven_by else driver
    if driven_by and driver is not None:
        raise BadInput("Two drivers are named. Give one, either after the picture or as --driver.")
    which, face_engine = options.split_faces(face)
    driving = following.wished(
        region=region,
        multiplier=multiplier,
        relative=relative,
        expression_friendly=expression_friendly,
        stitching=stitching,
        normalise_lip=normalise_lip,
        eye_retargeting=eye_retargeting,
        lip_retargeting=lip_retargeting,
        fix_eyes=fix_eyes,
    )
    wishes: dict[str, object] = {f"--{name.replace('_', '-')}": True for name in driving}
    sliders = options.sliders(slider, keyframes)
    from likewise.studio.live import camera_named

    if film is not None and camera_named(str(film)) is not None:
        unfit: dict[str, object] = {"--audio": audio, "--motion": motion, "--anchor": anchor}
        unfit |= {"--transcript": transcript, "--subtitles": subtitles, "--mood": mood}
        unfit |= {"--driver-face": driver_face, "--save-motion": save_motion}
        unfit |= {"--keyframes": keyframes, "--face all": which == "all"} | wishes
        options.refuse(unfit, "--driver camera", "a camera is followed as it films, without sound")
        _follow(
            picture,
            str(film),
            output=output,
            show=show,
            as_json=as_json,
            seconds=seconds,
            fps=fps,
            crop=crop,
            size=size,
            face=which,
            points=points or None,
            style=style,
            sliders=sliders,
            face_engine=face_engine,
        )
        return
    options.refuse(
        {"--show": show, "--seconds": seconds}, "a film or a recording", "they are a camera's"
    )
    if output is None:
        raise BadInput("Where shall the video go? Name it with -o, such as: -o talk.mp4")
    with progress_bars() as progress:
        if film is not None or motion is not None:
            if transcript or subtitles or mood:
                raise BadInput(
                    "--transcript, --subtitles and --mood belong to a recording (--audio alone); a "
                    "driver or a template moves the face by itself. --slider adds to it."
                )
            from likewise.studio.reenact import reenact

            video = reenact(
                picture,
                film,
                output=output,
                motion=motion,
                audio=audio,
                fps=fps,
                crop=crop,
                size=size,
                face=which,
                points=points or None,
                style=style,
                driver_face=None if driver_face is None else driver_face - 1,
                anchor=anchor,
                driving=driving,
                sliders=sliders,
                save_motion=save_motion,
                consent=consent,
                face_engine=face_engine,
                resume=resume,
                on_progress=progress,
            )
        elif audio is None:
            raise BadInput(
                "What shall move the picture? Give --audio RECORDING, --driver VIDEO or --motion "
                "TEMPLATE."
            )
        else:
            from likewise.seeing.following import FILMS

            options.refuse(
                wishes | {"--face all": which == "all"},
                "a recording (--audio alone)",
                "they say how a driver is followed",
            )
            if Path(picture).suffix.lower() in FILMS:
                raise BadInput(
                    f"{picture} is a video, which a recording gives new lips with: likewise dub. "
                    "Here it follows a driver: --driver VIDEO"
                )
            from likewise.studio.animate import animate as job

            video = job(
                picture,
                audio,
                output=output,
                transcript=options.text_or_file(transcript),
                language=language,
                fps=fps or 25.0,
                crop=crop,
                size=size,
                face=None if which == "all" else which,
                points=points or None,
                style=style,
                liveliness=liveliness,
                seed=seed,
                mood=mood,
                sliders=sliders,
                save_motion=save_motion,
                subtitles=subtitles or (),
                engine=engine,
                face_engine=face_engine,
                on_progress=progress,
            )
    print_video(video, as_json=as_json)


def _follow(
    picture: str, camera: str, *, output: Path | None, show: bool, as_json: bool, **given: Any
) -> None:
    """`animate --driver camera`: watched where no video is written, or where it is asked for."""
    from contextlib import ExitStack

    from likewise.studio.live import follow
    from likewise.studio.live_view import LiveView

    with ExitStack() as stack:
        progress = stack.enter_context(progress_bars())
        view = stack.enter_context(LiveView()) if show or output is None else None
        if view is not None:
            typer.echo(f"Open {view.address} in a browser; Ctrl-C ends it.", err=True)
        typer.echo("Look straight ahead for a second, mouth shut.", err=True)
        video = follow(picture, camera, output=output, view=view, on_progress=progress, **given)
    if video is not None:
        print_video(video, as_json=as_json)
