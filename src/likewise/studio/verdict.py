"""Three plain sentences: does it sound alike, is it understood, do the lips fit."""

from collections.abc import Sequence

from likewise.values import Metric


def verdict(metrics: Sequence[Metric]) -> tuple[str, ...]:
    """What a reader who skips the numbers should know; nothing that was not measured is claimed."""
    by_name = {metric.name: metric for metric in metrics}
    sentences = [_likeness(by_name), _understood(by_name), _lips(by_name)]
    return tuple(sentence for sentence in sentences if sentence)


def _likeness(metrics: dict[str, Metric]) -> str:
    metric = metrics.get("speaker similarity")
    if metric is None or metric.value is None:
        reason = metric.status.removeprefix("unavailable: ") if metric else ""
        return f"How alike the voice is could not be measured: {reason}." if reason else ""
    share, rival = metric.normalised, metric.rival
    if share is None:
        nobody = "" if rival is None else f"; the closest of other speakers reaches {rival:.2f}"
        return (
            f"The voice's similarity to the recording is {metric.value:.2f}{nobody}. How far that "
            "is on the way to the person can't be told: the recording is too short."
        )
    if share < 0.1:
        return "The voice is no more like the recorded person than other speakers are."
    words = "half way" if 0.45 <= share < 0.55 else f"{100 * min(share, 1.0):.0f} % of the way"
    sentence = (
        f"The voice is {words} from other speakers (0 %) to the recorded person (100 %), by a "
        "judge that enrolment never saw"
    )
    if rival is not None and metric.value <= rival:
        sentence += (
            f", but one of the other speakers is as near ({rival:.2f}, this voice "
            f"{metric.value:.2f})"
        )
    return f"{sentence}."


def _understood(metrics: dict[str, Metric]) -> str:
    for name, unit in (("word error rate", "words"), ("character error rate", "characters")):
        metric = metrics.get(name)
        if metric is None:
            continue
        if metric.value is None:
            reason = metric.status.removeprefix("unavailable: ")
            return f"Whether it is understood could not be measured: {reason.rstrip('.')}."
        if metric.value == 0:
            return f"A speech recogniser understood every one of its {unit}."
        return f"A speech recogniser got {metric.value:.1f} % of its {unit} wrong."
    return ""


def _lips(metrics: dict[str, Metric]) -> str:
    lag, closed = metrics.get("lip lag"), metrics.get("lips closed on p, b, m")
    if lag is None:
        return ""
    if lag.value is None:
        reason = lag.status.removeprefix("unavailable: ")
        return f"Whether the lips fit could not be measured: {reason.rstrip('.')}."
    correlation = metrics["lip correlation"]
    when = "within a frame of the sound" if abs(lag.value) <= 40 else _off(lag.value)
    sentence = f"The lips move {when} and follow it with r = {correlation.value:.2f}"
    if closed is not None and closed.value is not None:
        sentence += f"; they close on {closed.value:.0f} % of p, b and m"
    return sentence + "."


def _off(lag: float) -> str:
    return f"{abs(lag):.0f} ms {'after' if lag > 0 else 'before'} the sound"
