"""Foreground colours: pymatting's multi-level method where it changes the photo.

Germer, Uelwer, Conrad, Harmeling, "Fast Multi-Level Foreground Estimation", ICPR 2020, with the order and the
defaults of pymatting 1.1.16. For each pixel, a F + (1 - a) B = I is solved with F and B drawn to those of its four
neighbours, by weights of 1e-5 + |difference of alpha|, in raster order, from one pixel up to the full size. The sweeps
do not converge, so their order is part of the result, and is kept. An influence about halves with every pixel, so only
what lies around 0 < alpha < 1 and hard edges is swept.

Two engines: on a CPU the kernels that numba compiles (`compiled`), bit for bit pymatting's colours; on a GPU, and
where there are no kernels, torch (`sweep`), within .25/255 of them. benchmarks/RESULTS.md has their times.
"""

import math

import torch
from torch import Tensor

from ...callbacks import RaiseIfCancelled
from ...errors import MattingInputError
from ...forks import begin_work
from ...kernel_cache import kernels
from ...out_of_memory import memory_for
from .compiled import MARGIN, estimate_compiled
from .frames import Frames
from .sweep import Sweeper
from .tiles import Level, Tiles, plan, pyramid

CHUNK_CPU, CHUNK_GPU = 30, 512
"""Tiles swept side by side. On a CPU 60 were as fast, at twice the memory; the GPU's is a guess."""
CELL = 16
"""Side of the kernels' cells (`kernels.foreground`)."""
PIXELS_A_SECOND = 7e5
"""By so many soft pixels the kernels are a second faster than torch."""


def estimate_foreground(image: Tensor, alpha: Tensor, raise_if_cancelled: RaiseIfCancelled | None = None) -> Tensor:
    """Colours of the subject, so that straight alpha shows no old background at soft edges.

    image: [H, W, 3] or [B, H, W, 3] in 0..1; alpha: [H, W] or [B, H, W] in 0..1, same device.
    raise_if_cancelled is called at least every half second on a CPU, and may raise.
    Returns float32 of the image's shape, in 0..1: estimated beside soft pixels and hard
    edges, elsewhere the photo.
    Raises MattingInputError on other shapes and on NaN, NotEnoughMemoryError and ForkedError.
    """
    begin_work()
    ask = raise_if_cancelled or (lambda: None)
    check_inputs(image, alpha)
    with memory_for(f"estimating foreground colours of {' x '.join(map(str, alpha.shape))}"):
        frames = _values(image).view(-1, *image.shape[-3:])
        mattes = _values(alpha).view(-1, *alpha.shape[-2:])
        on_cpu = image.device.type == "cpu"
        module = kernels.find("foreground", _count_soft(mattes) / PIXELS_A_SECOND) if on_cpu else None
        if module:
            return estimate_compiled(module, frames, mattes, ask).view(image.shape)
        return estimate_in_torch(frames, mattes, ask).view(image.shape)


def estimate_in_torch(frames: Tensor, mattes: Tensor, raise_if_cancelled: RaiseIfCancelled = lambda: None) -> Tensor:
    """All frames at once in torch, on any device. frames: [B, H, W, 3], mattes: [B, H, W], float32 -> [B, H, W, 3]."""
    result = torch.empty(frames.numel() + 3, device=frames.device)  # and the spare pixel
    torch.clamp(frames.reshape(-1), 0, 1, out=result[:-3])
    work = _needs_work(mattes)
    if frames.device.type == "cpu":
        cells = None
    else:
        work = cells = _cells(work)
    tiles = plan(pyramid(*mattes.shape[1:]), work)
    if len(tiles[-1]):
        _estimate(frames, mattes, tiles, result, raise_if_cancelled)
    colours = result[:-3].view(frames.shape)
    return colours if cells is None else torch.where(cells[..., None], colours, frames.clamp(0, 1))


def _count_soft(alpha: Tensor) -> int:
    return int(((alpha > 0) & (alpha < 1)).sum())


def check_inputs(image: Tensor, alpha: Tensor) -> None:
    fits = image.dim() in (3, 4) and image.shape[-1] == 3 and image.shape[:-1] == alpha.shape
    if not fits or not image.numel():
        raise MattingInputError(
            f"image {tuple(image.shape)} and alpha {tuple(alpha.shape)} do not fit: "
            "give [H, W, 3] with [H, W], or [B, H, W, 3] with [B, H, W], none of them empty"
        )


def _values(field: Tensor) -> Tensor:
    """An image or alpha of any type and layout as float32, cut to 0..1; no gradient goes through."""
    values = field.detach().float().contiguous()
    low, high = torch.stack(values.aminmax()).tolist()
    if not (math.isfinite(low) and math.isfinite(high)):
        raise MattingInputError("image or alpha holds NaN or infinity: give values in 0..1")
    return values.clamp(0, 1) if low < 0 or high > 1 else values


def _needs_work(alpha: Tensor) -> Tensor:
    """Pixels whose colour is not the photo's: soft, or solid beside a pixel that is not. bool [B, H, W]."""
    low = alpha.clone()
    for axis in (1, 2):
        size = alpha.shape[axis] - 1
        for to, source in ((1, 0), (0, 1)):
            part = low.narrow(axis, to, size)
            torch.minimum(part, alpha.narrow(axis, source, size), out=part)
    return (alpha > 0) & (low < 1)


def _cells(work: Tensor) -> Tensor:
    """The pixels of the squares that the kernels fill, bool [B, H, W]: under alpha 0 a GPU's colours are theirs."""
    height, width = work.shape[1:]
    tall, wide = -(-height // CELL), -(-width // CELL)
    whole = torch.nn.functional.pad(work, (0, wide * CELL - width, 0, tall * CELL - height))
    cells = whole.view(-1, tall, CELL, wide, CELL).any(4).any(2)
    spread = cells[:, :, None, :, None].expand(-1, -1, CELL, -1, CELL).reshape(-1, tall * CELL, wide * CELL)
    side = 2 * MARGIN + 1
    for size in ((side, 1), (1, side)):
        around = size[0] // 2, size[1] // 2
        spread = torch.nn.functional.max_pool2d(spread.float(), size, stride=1, padding=around) > 0
    return spread[:, :height, :width].contiguous()


def _mean_colours(frames: Tensor, alpha: Tensor) -> Frames:
    """Where the pyramid starts: mean colours of the clear foreground and background of each frame."""
    chosen = torch.stack((alpha > 0.9, alpha < 0.1), 1).flatten(2).float()  # B2P
    means = chosen @ frames.flatten(1, 2) / (chosen.sum(2, keepdim=True) + 1e-5)
    return Frames(means.flatten(1).T.contiguous().unbind(0), 1, 1)


def _estimate(
    frames: Tensor, alpha: Tensor, tiles: list[Tiles], result: Tensor, raise_if_cancelled: RaiseIfCancelled
) -> None:
    """Sweep level after level, the finest one into result, [B * H * W * 3 + 3]."""
    height, width = alpha.shape[1:]
    photo = Frames((*frames.reshape(-1, 3).unbind(1), alpha.reshape(-1)), height, width)
    start, sweepers = _mean_colours(frames, alpha), dict[tuple[object, ...], Sweeper]()
    for part in tiles[:-1]:
        goal = _blank(part.level, len(frames), result.device)
        _sweep(part, photo, start, goal, sweepers, raise_if_cancelled)
        start = goal
    goal = Frames(result.view(-1, 3).unbind(1), height, width)
    _sweep(tiles[-1], photo, start, goal, sweepers, raise_if_cancelled)


def _blank(level: Level, frames: int, device: torch.device) -> Frames:
    # Never filled: only swept tiles are read, and untouched memory costs nothing.
    planes = torch.empty(6, frames * level.height * level.width + 1, device=device)
    return Frames(planes.unbind(0), level.height, level.width)


def _sweep(
    tiles: Tiles,
    photo: Frames,
    start: Frames,
    goal: Frames,
    sweepers: dict[tuple[object, ...], Sweeper],
    raise_if_cancelled: RaiseIfCancelled,
) -> None:
    level, device = tiles.level, photo.planes[0].device
    chunk = CHUNK_CPU if device.type == "cpu" else CHUNK_GPU
    fewer = level.whole or device.type != "cpu"
    count = min(chunk, 1 << (len(tiles) - 1).bit_length() if not level.whole else len(tiles)) if fewer else chunk
    key = level.extent, level.sweeps, count
    if key not in sweepers:
        sweepers[key] = Sweeper(level, count, device)
    for part in tiles.split(count):
        raise_if_cancelled()
        sweepers[key].run(part, photo, start, goal)
