"""Results are allocated once and filled frame by frame: RGBA with straight alpha, or RGB over one colour."""

import re

import numpy as np
import torch
from torch import Tensor

from ..errors import ColourError
from .convert import round_levels
from .device import constant, download, on_host
from .opencv import cv2_for

TRANSPARENT = "transparent"
ColourValues = tuple[float, float, float]


def parse_colour(text: str) -> ColourValues | None:
    """A colour's name (CSS), `#rrggbb` or `#rgb`, the # may be missing -> R, G and B, 0..1; None for `transparent`.

    Raises ColourError.
    """
    word = text.strip().lower()
    if word in (TRANSPARENT, ""):
        return None
    match = re.fullmatch(r"#?([0-9a-f]{3}|[0-9a-f]{6})", _named(word))
    if not match:
        raise ColourError(f"background is {text!r}; give {TRANSPARENT}, a colour's name such as white, or #rrggbb")
    digits = match[1] if len(match[1]) == 6 else "".join(digit * 2 for digit in match[1])
    red, green, blue = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    return red, green, blue


def _named(word: str) -> str:
    """The #rrggbb of a colour's name; anything else as it is."""
    if not word.isalpha():
        return word
    from PIL.ImageColor import colormap

    return str(colormap.get(word, word))


def empty(*shape: int, device: torch.device | None = None) -> Tensor:
    """Uninitialised float32; on the CPU through numpy, which asks the kernel for huge pages."""
    if device and device.type != "cpu":
        return torch.empty(shape, device=device)
    return torch.from_numpy(np.empty(shape, np.float32))


def over(colours: Tensor, alpha: Tensor, background: ColourValues, premultiplied: bool = False) -> Tensor:
    """Colours [H, W, 3] with alpha [H, W] over one colour -> [H, W, 3], in whole 8-bit levels."""
    seen = colours if premultiplied else colours * alpha[..., None]
    return round_levels(seen + (1 - alpha)[..., None] * constant(background, colours.dtype, colours.device))


class Results:
    """IMAGE and MASK of a batch, on its device, filled frame by frame: RGBA, or RGB over a background."""

    def __init__(self, images: Tensor, background: str = TRANSPARENT, premultiplied: bool = False) -> None:
        """premultiplied: whether the colours to come are. Raises ColourError for a background that is no colour."""
        self._background = parse_colour(background)
        self._premultiplied = premultiplied
        self._pinned: Tensor | None = None
        self.image = empty(*images.shape[:3], 3 if self._background else 4, device=images.device)
        self.mask = empty(*images.shape[:3], device=images.device)

    def write(self, number: int, colours: Tensor, alpha: Tensor) -> None:
        """Fill one frame from colours [H, W, 3] and alpha [H, W], 0..1, on any device."""
        if self._background:
            colours = over(colours, alpha, self._background, self._premultiplied)
        if colours.is_cuda and not self.image.is_cuda:
            colours, alpha = self._bring_down(colours, alpha)
        if self._background:
            self.image[number] = colours
            self.mask[number] = alpha
        else:
            write_frame(self.image[number], self.mask[number], colours, alpha)

    def _bring_down(self, colours: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """From a GPU in one copy, through pinned memory that all frames use."""
        frame = torch.cat([colours, alpha[..., None]], -1)
        if self._pinned is None:
            self._pinned = torch.empty(frame.shape, pin_memory=True)
        frame = download(frame, self._pinned)
        return frame[..., :3], frame[..., 3]


def write_frame(image: Tensor, mask: Tensor, colours: Tensor, alpha: Tensor) -> None:
    """Fill RGBA [H, W, 4] and mask [H, W] from colours [H, W, 3] and alpha [H, W].

    On the CPU by cv2 rather than torch: right after a run of the model, filling fresh memory took torch's threads
    several times as long (benchmarks/RESULTS.md).
    """
    cv2 = cv2_for(colours) if on_host(image) else None
    if cv2 is None:
        image.copy_(torch.cat([colours, alpha[..., None]], -1))
        mask.copy_(alpha)
        return
    target = image.numpy()
    cv2.cvtColor(colours.contiguous().numpy(), cv2.COLOR_RGB2RGBA, dst=target)
    target[..., 3] = mask.numpy()[:] = alpha.numpy()
