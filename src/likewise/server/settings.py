"""Everything that can be set, with limits a laptop can keep.

Each setting can come from the environment: `LIKEWISE_SERVER_PORT=9000`. The API key should, for
a command line is visible to every user of the machine.
"""

import ipaddress
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from likewise.errors import BadInput, Unsafe

_SHORTEST_KEY = 16


class Settings(BaseSettings):
    """Settings of the server.

    Attributes:
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        api_key: Key that clients must send; needed for any address but the loopback.
        allowed_hosts: Names under which the server is reached, besides addresses and localhost.
        waiting: Jobs that may wait; more are answered with 429.
        speaking: Requests for speech that may wait; more are answered with 429.
        decoding: Files that may wait to be decoded; more are answered with 429.
        keep_jobs: Finished jobs that are kept.
        posts_a_minute: Changes and costly requests that one client may make.
        max_text: Characters of a text.
        max_json_bytes: Bytes of a request that carries no file.
        max_upload_bytes: Bytes of a request that carries files.
        max_uploads_bytes: Bytes of all uploads that are kept.
        upload_hours: How long an upload is kept that no job has used.
        max_sound_seconds: Longest sound.
        max_video_seconds: Longest video.
        max_megapixels: Largest picture.
        max_picture_side: Longer pictures are scaled to this many pixels.
        max_frames: Most frames of a video.
        max_streams: Most streams in a container.
        decode_seconds: Longest time that an upload may take to decode.
        decode_megabytes: Most memory for decoding, where the system can limit it.
        receive_seconds: Longest time that a client may take to send a request.
    """

    model_config = SettingsConfigDict(
        env_prefix="LIKEWISE_SERVER_", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    host: str = "127.0.0.1"
    port: int = Field(8010, ge=0, le=65535)
    api_key: SecretStr | None = None
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    waiting: int = Field(16, ge=1)
    speaking: int = Field(8, ge=0)
    decoding: int = Field(8, ge=0)
    keep_jobs: int = Field(200, ge=1)
    posts_a_minute: int = Field(120, ge=1)
    max_text: int = Field(20_000, ge=1)
    max_json_bytes: int = Field(1 << 20, ge=1024)
    max_upload_bytes: int = Field(200 << 20, ge=1024)
    max_uploads_bytes: int = Field(4 << 30, ge=1 << 20)
    upload_hours: float = Field(24.0, gt=0)
    max_sound_seconds: float = Field(1800.0, gt=0)
    max_video_seconds: float = Field(600.0, gt=0)
    max_megapixels: float = Field(50.0, gt=0)
    max_picture_side: int = Field(2560, ge=256)
    max_frames: int = Field(20_000, ge=1)
    max_streams: int = Field(8, ge=1)
    decode_seconds: float = Field(60.0, gt=0)
    decode_megabytes: int = Field(2048, ge=512)
    receive_seconds: float = Field(120.0, gt=0)

    @property
    def key(self) -> str:
        """The API key, "" when there is none."""
        return self.api_key.get_secret_value() if self.api_key else ""

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def settings(**given: object) -> Settings:
    """Settings from the environment, and what is given here.

    Raises:
        BadInput: A value out of range.
        Unsafe: An address that others can reach, without an API key; or a key that can be guessed.
    """
    try:
        found = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise BadInput(f"The server's setting {where} can't be used: {problem['msg']}.") from None
    if found.key and len(found.key) < _SHORTEST_KEY:
        raise Unsafe(
            f"The API key has {len(found.key)} characters; use at least {_SHORTEST_KEY} random "
            "ones: python -c 'import secrets; print(secrets.token_urlsafe(24))'"
        )
    if not found.on_loopback and not found.key:
        raise Unsafe(
            f"{found.host} can be reached from other machines, and voices could be cloned by "
            "anyone there. Give an API key (LIKEWISE_SERVER_API_KEY), or listen on 127.0.0.1."
        )
    return found
