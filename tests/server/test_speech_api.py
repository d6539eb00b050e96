"""OpenAI's speech API, as OpenAI's own client uses it."""

import base64
import io
import json
import time

import numpy as np
import openai
import pytest
from starlette.testclient import TestClient

from likewise.audio import files

TEXT = "One two three four. Five six seven. Eight nine ten eleven. Twelve."
SECONDS = 12 * 0.12


@pytest.fixture
def official(client: TestClient) -> openai.OpenAI:
    return openai.OpenAI(
        api_key="any", base_url="http://127.0.0.1/v1", http_client=client, max_retries=0
    )


@pytest.mark.parametrize("form", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_every_format_is_the_whole_speech(official: openai.OpenAI, form: str) -> None:
    answer = official.audio.speech.create(
        model="tts-1", voice="alloy", input=TEXT, response_format=form
    )
    data = answer.read()
    if form == "pcm":
        assert len(data) == pytest.approx(2 * 24_000 * SECONDS, abs=4)
        return
    sound = files.read(io.BytesIO(data))
    assert sound.seconds == pytest.approx(SECONDS, abs=0.12)
    assert 0.15 < np.abs(sound.samples).max() < 0.5


def test_streaming_and_speed(official: openai.OpenAI) -> None:
    with official.audio.speech.with_streaming_response.create(
        model="kokoro", voice="af_heart", input=TEXT, response_format="pcm", speed=2.0
    ) as answer:
        pieces = list(answer.iter_bytes())
    assert sum(map(len, pieces)) == pytest.approx(24_000 * SECONDS, abs=40)


def test_events_carry_the_same_sound(client: TestClient) -> None:
    wanted = {"model": "tts-1", "voice": {"id": "af_heart"}, "input": TEXT}
    wanted |= {"response_format": "pcm", "stream_format": "sse"}
    with client.stream("POST", "/v1/audio/speech", json=wanted) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [
            json.loads(line.removeprefix("data: "))
            for line in answer.iter_lines()
            if line.startswith("data: ")
        ]
    sound = b"".join(
        base64.b64decode(event["audio"]) for event in events if event["type"].endswith("delta")
    )
    assert len(sound) == pytest.approx(2 * 24_000 * SECONDS, abs=4)
    assert events[-1]["type"] == "speech.audio.done"
    assert events[-1]["usage"]["input_tokens"] == len(TEXT)


def test_models_and_voices_are_listed(official: openai.OpenAI, client: TestClient) -> None:
    names = [model.id for model in official.models.list()]
    assert {"kokoro", "tts-1", "gpt-4o-mini-tts"} <= set(names)
    assert official.models.retrieve("tts-1").id == "tts-1"
    voices = client.get("/v1/audio/voices").json()["data"]
    assert {"af_heart", "af_alloy"} <= {voice["id"] for voice in voices}


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"voice": "nobody"}, openai.BadRequestError, "nobody"),
        ({"voice": "../../etc/passwd"}, openai.BadRequestError, "no name of a voice"),
        ({"voice": "/etc/passwd"}, openai.BadRequestError, "no name of a voice"),
        ({"model": "gpt-9"}, openai.NotFoundError, "gpt-9"),
        ({"input": "..."}, openai.BadRequestError, "nothing to say"),
        ({"input": ""}, openai.UnprocessableEntityError, "input"),
        ({"input": "a" * 20_001}, openai.APIStatusError, "20000"),
        ({"response_format": "xm"}, openai.UnprocessableEntityError, "response_format"),
        ({"speed": 9.0}, openai.UnprocessableEntityError, "speed"),
    ],
)
def test_mistakes_are_typed(
    official: openai.OpenAI, change: dict, error: type[openai.APIStatusError], words: str
) -> None:
    wanted = {"model": "tts-1", "voice": "alloy", "input": TEXT} | change
    with pytest.raises(error) as told:
        official.audio.speech.create(**wanted)
    assert words in told.value.body["message"]


def test_a_fault_of_ours_tells_nothing_of_its_inside(client: TestClient, own_home: object) -> None:
    quiet = TestClient(client.app, base_url="http://127.0.0.1", raise_server_exceptions=False)
    answer = quiet.post("/v1/audio/speech", json={"voice": "alloy", "input": "crash."})
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_every_route_says_what_it_may_refuse(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    routes = [route for path in schema["paths"].values() for route in path.values()]
    assert len(routes) > 20
    assert all({"4XX", "5XX"} <= set(route["responses"]) for route in routes)
    assert all(route.get("summary") for route in routes)


def test_who_was_refused_or_left_is_out_of_the_line(client: TestClient) -> None:
    state = client.app.state.likewise
    for wanted in ({"voice": "nobody"}, {"input": "..."}, {"input": "One."}):
        client.post("/v1/audio/speech", json={"voice": "alloy", "input": TEXT} | wanted)
    with client.stream(
        "POST", "/v1/audio/speech", json={"voice": "alloy", "input": "slow one. " * 4}
    ) as answer:
        next(answer.iter_raw())
    until = time.monotonic() + 30
    while state.turns.here and time.monotonic() < until:
        time.sleep(0.05)
    assert state.turns.here == 0
