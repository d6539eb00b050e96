"""The inside of a mouth that no picture shows: dark cavity, tongue, teeth, lit as the skin is.

Lower teeth ride on the jaw, upper teeth stay with the skull, and lips shade what lies behind them.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh import colours
from likewise.face.mesh.looks import Look
from likewise.face.mesh.mouth_axes import LOWER, Opening
from likewise.face.mesh.teeth import teeth_of
from likewise.face.mesh.topology import AROUND_MOUTH, CHEEKS

_BARED = 0.18  # of the mouth's width from the upper lip to the tips of the teeth, at most
_GUMS = 0.88  # of a tooth's length from its tip, where gums begin
_LIGHT_SHARE, _OTHER_LIGHT = 0.15, 25.0  # of a new frame's light; grey levels of another light


class PaintedMouth:
    """Paints the inside of one portrait's mouth.

    Args:
        picture: uint8 (H, W, 3).
        points: (>= 468, 3) face points in the picture.
        width: Of the mouth, pixels.
        face_width: Pixels.
        look: How the inside looks.

    Attributes:
        light: Brightness of the skin, 0..255.
        white: (3,), what white looks like in that light, RGB around 1.
    """

    def __init__(
        self,
        picture: NDArray[np.uint8],
        points: NDArray[np.floating],
        width: float,
        face_width: float,
        look: Look,
    ) -> None:
        self._width, self._face_width, self._look = width, face_width, look
        self._row = teeth_of(width)
        near = colours.colour(picture, points, AROUND_MOUTH)
        skin = 0.5 * (colours.colour(picture, points, CHEEKS).mean() + near.mean())
        self.light = float(np.clip(skin, 22, 225))
        self._tint = (0.45 + 0.55 * near / max(float(near.mean()), 1.0)).astype(np.float32)
        self.white = colours.white(picture, points)

    def lit_as(self, before: "PaintedMouth") -> None:
        """Take most of the light of a film's frame before: light told by a few pixels trembles.

        Where it has changed as only a cut or a lamp changes it, it is the new one.
        """
        if abs(self.light - before.light) > _OTHER_LIGHT:
            return
        self.light = before.light + _LIGHT_SHARE * (self.light - before.light)
        self._tint = before._tint + np.float32(_LIGHT_SHARE) * (self._tint - before._tint)
        self.white = before.white + np.float32(_LIGHT_SHARE) * (self.white - before.white)

    def inside(
        self, opening: Opening, *, upper_shown: bool = False, lower_shown: bool = False
    ) -> NDArray[np.float32]:
        """The inside of a mouth, float32 (h, w, 3), 0..255.

        Args:
            opening: What is open between the lips.
            upper_shown: The picture shows upper teeth itself, so none are painted.
            lower_shown: The same of lower teeth.
        """
        width, axes, arch = self._width, opening.axes, opening.arch
        u, v = opening.places()
        gap = max(float(axes.local(opening.vertices[[LOWER]])[1][0]), 1e-3)
        inside = np.empty((*u.shape, 3), np.float32)
        inside[:] = self._cavity()
        tongue = max(opening.tongue, self._look.least_tongue)
        # 0 at the person's right end of the teeth, 1 at the left; perspective comes with the arch.
        ends_u, ends_v = axes.local(arch)
        along = np.interp(u, ends_u, np.linspace(0, 1, len(arch))).astype(np.float32)
        middle = float(ends_u[len(arch) // 2])
        self._paint_tongue(inside, u - middle, v, gap, tongue)
        # A lip drawn up bares no more than a little of the gums.
        bared = max(float(ends_v[len(arch) // 2]) - _BARED * width, 0.0)
        edge = (np.interp(u, ends_u, ends_v) - bared).astype(np.float32)
        spare = np.clip((gap - 0.17 * width) / (0.10 * width), 0, 1) * self._look.lower_teeth
        spare *= not lower_shown
        lower_tip = gap - 0.07 * width + 0.10 * width * (2 * along - 1) ** 2
        narrowed = 0.5 + (along - 0.5) * 1.2
        self._paint_teeth(
            inside,
            narrowed,
            (v - lower_tip) / (-0.15 * width),
            0.75 * self._look.brightness,
            float(spare),
            clear=u,
        )
        near = 0.0 if upper_shown else np.clip((gap / width - 0.025) / 0.06, 0, 1)
        brightness = 0.95 * (0.7 + 0.3 * np.clip(gap / (0.14 * width), 0, 1))
        brightness *= self._look.brightness
        self._paint_teeth(
            inside, along, (v - edge) / (0.19 * width), float(brightness), float(near), clear=u
        )
        if not self._look.shading:
            return inside
        # Lips shade what lies behind them, the upper lip most.
        depth = cv2.distanceTransform((opening.mask > 127).astype(np.uint8), cv2.DIST_L2, 3)
        shade = np.clip(depth / (0.05 * width) + 0.5, 0, 1)
        shade *= np.clip(0.66 + 0.34 * v / (0.08 * width), 0.4, 1)
        blur = max(0.45, self._face_width / 400)
        return np.asarray(cv2.GaussianBlur(inside * shade[..., None], (0, 0), blur), np.float32)

    def _cavity(self) -> NDArray[np.float32]:
        """Colour of the depth of the mouth."""
        depth = np.array([0.30, 0.115, 0.11]) * self._look.depth
        return np.asarray(depth * self.light * self._tint, np.float32)

    def _paint_tongue(
        self,
        inside: NDArray[np.float32],
        u: NDArray[np.float32],
        v: NDArray[np.float32],
        gap: float,
        tongue: float,
    ) -> None:
        top = gap * (0.80 - 0.42 * tongue)
        height = gap * 0.55 + 0.03 * self._width
        across = (u / (0.34 * self._width)) ** 2 + ((v - top - 0.6 * height) / height) ** 2
        sharp = (
            2.2 if self._look.shading else 0.3 * height
        )  # flat colour ends within a pixel or two
        cover = np.clip(sharp * (1 - across), 0, 1)[..., None]
        cover *= 0.85 if self._look.shading else 1.0
        lit = 1 + self._look.shading * (0.28 * np.clip((v - top) / (gap + 1), 0, 1) - 0.28)
        groove = np.exp(-((u / (0.025 * self._width)) ** 2)) * np.clip((v - top) / (gap + 1), 0, 1)
        lit *= 1 - 0.2 * self._look.shading * groove
        colour = np.array([0.92, 0.46, 0.45], np.float32) * self.light * self._tint
        inside += (colour * lit[..., None] - inside) * cover

    def _paint_teeth(
        self,
        inside: NDArray[np.float32],
        along: NDArray[np.floating],
        from_tip: NDArray[np.floating],
        brightness: float,
        opacity: float,
        *,
        clear: NDArray[np.float32],
    ) -> None:
        """Lay a row of teeth.

        Args:
            inside: Painted so far, changed in place.
            along: 0..1 over the row.
            from_tip: 0 at the tips, -1 at the gums.
            brightness: Of the light on the skin.
            opacity: 0..1.
            clear: Coordinate along the lips, for the darkening toward the corners.
        """
        opacity *= self._look.teeth
        if opacity <= 0:
            return
        row = self._row
        x = along * (row.shape[1] - 1)
        y = np.maximum(from_tip + 0.92, 0) * (row.shape[0] - 1)
        drawn = cv2.remap(
            row,
            x.astype(np.float32),
            y.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=0,
        )
        cover = drawn[..., 3:] * opacity
        arch = np.clip(1 - 0.78 * np.abs(2 * along - 1) ** 2.2, 0.15, 1)
        arch *= np.clip(1.25 - 0.6 * (np.abs(clear) / (0.5 * self._width)) ** 2, 0.4, 1)
        arch = 1 + self._look.shading * (arch - 1)
        light = min(240.0, 1.16 * self.light + 6) * brightness
        relief = 1 + self._look.relief * (drawn[..., :3] - 1)
        colour = relief * (light * self.white)
        if self._look.shading and from_tip.min() < -_GUMS:
            # A lip that is drawn up bares gums, not darkness.
            gums = np.clip((-_GUMS - from_tip) / 0.1, 0, 1)[..., None]
            colour += (
                np.array([0.62, 0.34, 0.32], np.float32) * light * self._tint - colour
            ) * gums
        inside += (colour * arch[..., None] - inside) * cover
