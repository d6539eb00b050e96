"""Commands that judge: verify, compare."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from likewise.cli import options
from likewise.cli.show import progress_bars


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(verify)
    app.command()(compare)


def verify(
    result: Annotated[Path, typer.Argument(help="A talking video, or a sound file.")],
    other: Annotated[
        Path | None, typer.Argument(help="A recording of the person, for comparing two sounds.")
    ] = None,
    voice: Annotated[Path | None, typer.Option(help="A recording of the person.")] = None,
    portrait: Annotated[Path | None, typer.Option(help="The picture that was animated.")] = None,
    driver: Annotated[
        Path | None, typer.Option(help="The video that drove the face: pose and expression.")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="A video of what the frames should show: PSNR, SSIM.")
    ] = None,
    text: Annotated[
        str, typer.Option(help="What is said: words are counted, lips compared with phonemes.")
    ] = "",
    language: options.Language = "",
    report: Annotated[
        Path | None, typer.Option(help="Write the report here (.html), and as .json beside it.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Say how alike a video or a sound is to its originals, with controls."""
    from likewise.studio.reporting import write_report
    from likewise.studio.verifying import verify as job

    with progress_bars() as progress:
        found = job(
            result,
            other,
            voice=voice,
            portrait=portrait,
            driver=driver,
            truth=truth,
            text=text,
            language=language,
            reproduce={"command": typed()},
            on_progress=progress,
        )
    if report is not None:
        write_report(found, report, result)
    if as_json:
        rows = [metric.as_json() for metric in found.metrics]
        print(json.dumps({"verdict": found.verdict, "metrics": rows}, ensure_ascii=False, indent=1))
        return
    from likewise.verify.page import number

    for sentence in found.verdict:
        print(sentence)
    print()
    print(f"{'':<34} {'value':>10} {'floor':>8} {'ceiling':>8}")
    for metric in found.metrics:
        if metric.status != "ok":
            print(f"{metric.name:<34} {metric.status}")
            continue
        value = f"{number(metric.value)} {metric.unit}".strip()
        print(
            f"{metric.name:<34} {value:>10} {number(metric.floor):>8} {number(metric.ceiling):>8}"
        )
    if report is not None:
        print(f"\n{report}\n{report.with_suffix('.json')}")


def compare(
    before: Annotated[Path, typer.Argument(help="A report.json.")],
    after: Annotated[Path, typer.Argument(help="Another one, by the same scorers.")],
) -> None:
    """Compare two reports; refused where different scorers made them."""
    from likewise.verify.page import number
    from likewise.verify.report import Report
    from likewise.verify.report import compare as pairs

    print(f"{'':<34} {'before':>10} {'after':>10} {'change':>10}")
    for name, old, new in pairs(Report.load(before), Report.load(after)):
        print(f"{name:<34} {number(old):>10} {number(new):>10} {number(new - old):>10}")


def typed() -> str:
    """The command as it was typed, for the report."""
    return shlex.join(["likewise", *sys.argv[1:]])
