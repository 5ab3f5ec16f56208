"""Foreground colours: pymatting's multi-level method on the edge alone, without a compiler.

Germer, Uelwer, Conrad, Harmeling, "Fast Multi-Level Foreground Estimation", ICPR 2020, with the order and
the defaults of pymatting 1.1.16. Its two raster-order sweeps per level do not converge, so the order is
part of the result, and it is kept: a sweep advances by anti-diagonals (`foreground_sweep`). An influence
about halves with every pixel, so tiles with a halo are swept side by side instead of the whole image
(`foreground_tiles`): those that hold 0 < alpha < 1 or a hard edge, and at a coarser level those that a
finer tile starts from. That is the engine in torch, for a GPU; the CPU's is in numpy (`foreground_cpu`).

Measured against a float64 run of pymatting's code on eleven cases: a halo of 10 diagonals and 8 rows is
within 0.25/255 (12 and 10: 0.03, 8 and 6: 2, 6 and 5: 5). pymatting's float32 determinant cancels where alpha
is flat: 10/255 off on a constant 0.5. Operations of a sweep stay too small for torch to share among threads:
while the cores were busy with other work, waiting for threads made one call of 0.4 s take 43 s.
Not faster than pymatting where most pixels are soft: the halo costs 1.7 times the work.
"""

import torch
from torch import Tensor

from ...errors import MattingInputError
from ...forks import begin_work
from ...imaging.opencv import find_cv2
from ...out_of_memory import memory_for
from .frames import Frames
from .sweep import Sweeper
from .tiles import Level, Tiles, plan, pyramid

CHUNK_CPU, CHUNK_GPU = 30, 512
"""Tiles swept side by side. On a CPU 60 were as fast, at twice the memory; the GPU's is a guess."""


def estimate_foreground(image: Tensor, alpha: Tensor) -> Tensor:
    """Colours of the subject, so that straight alpha shows no old background at soft edges.

    image: [H, W, 3] or [B, H, W, 3] in 0..1; alpha: [H, W] or [B, H, W] in 0..1, same device.
    Returns float32 of the image's shape, in 0..1: estimated beside soft pixels and hard
    edges, elsewhere the photo.
    Raises MattingInputError on other shapes and on NaN, NotEnoughMemoryError and ForkedError.
    """
    begin_work()
    _check(image, alpha)
    with memory_for(f"estimating foreground colours of {' x '.join(map(str, alpha.shape))}"):
        frames = image.reshape(-1, *image.shape[-3:]).float()
        mattes = alpha.reshape(-1, *alpha.shape[-2:]).float()
        by_numpy = image.device.type == "cpu" and find_cv2() is not None
        engine = estimate_in_numpy if by_numpy else estimate_in_torch
        return engine(frames, mattes).view(image.shape)


def estimate_in_numpy(frames: Tensor, mattes: Tensor) -> Tensor:
    """Frame by frame in numpy. frames: [B, H, W, 3], mattes: [B, H, W], float32 -> [B, H, W, 3]."""
    from .cpu import estimate_frame  # it needs cv2

    result = torch.empty(frames.shape)
    for frame, matte, goal in zip(frames, mattes, result, strict=True):
        estimate_frame(frame.detach().contiguous().numpy(), matte.detach().contiguous().numpy(), goal.numpy())
    return result


def estimate_in_torch(frames: Tensor, mattes: Tensor) -> Tensor:
    """All frames at once in torch, on any device. frames: [B, H, W, 3], mattes: [B, H, W], float32 -> [B, H, W, 3]."""
    result = torch.empty(frames.numel() + 3, device=frames.device)  # and the spare pixel
    torch.clamp(frames.reshape(-1), 0, 1, out=result[:-3])
    tiles = plan(pyramid(*mattes.shape[1:]), _needs_work(mattes))
    if len(tiles[-1]):
        _estimate(frames, mattes, tiles, result)
    return result[:-3].view(frames.shape)


def _check(image: Tensor, alpha: Tensor) -> None:
    fits = image.dim() in (3, 4) and image.shape[-1] == 3 and image.shape[:-1] == alpha.shape
    if not fits or not image.numel():
        raise MattingInputError(
            f"image {tuple(image.shape)} and alpha {tuple(alpha.shape)} do not fit: "
            "give [H, W, 3] with [H, W], or [B, H, W, 3] with [B, H, W], none of them empty"
        )
    if not (image.sum() + alpha.sum()).isfinite():
        raise MattingInputError("image or alpha holds NaN or infinity: give values in 0..1")


def _needs_work(alpha: Tensor) -> Tensor:
    """Pixels whose colour is not the photo's: soft, or solid beside a pixel that is not. bool [B, H, W]."""
    low = alpha.clone()
    for axis in (1, 2):
        size = alpha.shape[axis] - 1
        for to, source in ((1, 0), (0, 1)):
            part = low.narrow(axis, to, size)
            torch.minimum(part, alpha.narrow(axis, source, size), out=part)
    return (alpha > 0) & (low < 1)


def _mean_colours(frames: Tensor, alpha: Tensor) -> Frames:
    """Where the pyramid starts: mean colours of the clear foreground and background of each frame."""
    chosen = torch.stack((alpha > 0.9, alpha < 0.1), 1).flatten(2).float()  # B2P
    means = chosen @ frames.flatten(1, 2) / (chosen.sum(2, keepdim=True) + 1e-5)
    return Frames(means.flatten(1).T.contiguous().unbind(0), 1, 1)


def _estimate(frames: Tensor, alpha: Tensor, tiles: list[Tiles], result: Tensor) -> None:
    """Sweep level after level, the finest one into result, [B * H * W * 3 + 3]."""
    height, width = alpha.shape[1:]
    photo = Frames((*frames.reshape(-1, 3).unbind(1), alpha.reshape(-1)), height, width)
    start, sweepers = _mean_colours(frames, alpha), dict[tuple[object, ...], Sweeper]()
    for part in tiles[:-1]:
        goal = _blank(part.level, len(frames), result.device)
        _sweep(part, photo, start, goal, sweepers)
        start = goal
    _sweep(tiles[-1], photo, start, Frames(result.view(-1, 3).unbind(1), height, width), sweepers)


def _blank(level: Level, frames: int, device: torch.device) -> Frames:
    # Never filled: only swept tiles are read, and untouched memory costs nothing.
    planes = torch.empty(6, frames * level.height * level.width + 1, device=device)
    return Frames(planes.unbind(0), level.height, level.width)


def _sweep(
    tiles: Tiles, photo: Frames, start: Frames, goal: Frames, sweepers: dict[tuple[object, ...], Sweeper]
) -> None:
    level, device = tiles.level, photo.planes[0].device
    chunk = CHUNK_CPU if device.type == "cpu" else CHUNK_GPU
    count = min(chunk, len(tiles)) if level.whole else chunk
    at_border = tiles.touches_border() | (len(tiles) <= chunk)  # one chunk: not worth dividing
    for border in (False, True):
        for part in tiles.select(at_border == border).split(count):
            key = level.extent, level.sweeps, border, count
            if key not in sweepers:
                sweepers[key] = Sweeper(level, count, border, device)
            sweepers[key].run(part, photo, start, goal)
