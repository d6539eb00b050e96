"""One frame at once: how a face looks with the sliders as they stand."""

from fastapi import APIRouter, Response

from likewise.errors import BadInput
from likewise.server.state import Shared, find_file
from likewise.studio.jobs.requests import PreviewRequest

router = APIRouter(prefix="/api/preview", tags=["files"])

_QUALITY = 88


@router.post(
    "",
    summary="A face with sliders, as one frame",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "The frame."}},
)
def preview(request: PreviewRequest, state: Shared) -> Response:
    """Draw one frame of a picture; nothing is kept of it."""
    import cv2

    frame = state.previews.frame(request, str(find_file(state, request.picture)))
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    )
    if not done:
        raise BadInput("The frame of this picture can't be encoded; use another size.")
    return Response(data.tobytes(), media_type="image/jpeg", headers={"cache-control": "no-store"})
