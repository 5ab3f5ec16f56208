"""Closed-form alpha matting (Levin, Lischinski, Weiss, PAMI 2008) on the unknown band, solved exactly.

Unknown pixels that share no window are systems of their own (`islands`). Each is kept as 4 x 4 tiles (`tiles`),
its Laplacian as thirteen float32 coefficients a pixel summed in float64 (`laplacian`, `stencil`), and solved by
conjugate gradients with a colour-affine multigrid (`multigrid`), all in torch's vector operations: the same code
runs on a CPU and on a GPU, nothing is compiled. On a CPU these operations are short, and most of the time goes between
them: where numba is installed, kernels that it compiles beside the work (`kernel_cache`) solve the same equations
in about a quarter of the time, directly or with a direct solve on the tiles.

Measured on two shared cores of an AMD EPYC (2026-11-22). A product with 600,000 unknowns took 10.4 ms as scipy CSR,
7.6 ms as torch CSR (MKL), 6.4 ms as 840,000 padded places of a stencil, four to six times that as a plain numba
loop over it, and .3 (4,000 tiles) to .7 (58,000 tiles) of it as numba loops of five products each. For the coarse
levels: 3.1 ms as scipy CSR, 8.5 ms as scipy BSR, 15 ms as batched matrices, 1.6 ms as planes; numpy's einsum over
all nine blocks took 1.2 to 2.5 times as long as planes over five. SuperLU on the pixels themselves took .3 to .4 s
at 56,000 to 65,000 unknowns, more than the multigrid, at 81 entries a row. Coefficients summed in float32 put alpha
off by up to 6e-3, summed in float64 and rounded once by 5e-5.

Iterations: tiles that ignore the grid of a JPEG's blocks need 38-42 where aligned ones need 23; groups of 3 x 3 tiles
instead of 2 x 2 need 25-41 for 21-34; smoothed aggregation with V-cycles 15-21 on tiles of 3 x 3, 22-30 on 4 x 4 and
31-42 on 6 x 6, its coarse operators two to three times as dense. Other smoothers (blocks of 2 x 2 up to 8 x 8, sixteen
colours of Gauss-Seidel), larger coarse corrections, one-sided smoothing: no gain in time. V instead of K below the
first coarse level needed up to a half more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from ...callbacks import RaiseIfCancelled
from ...errors import TrimapError
from ...forks import begin_work
from ...imaging.validation import check_inputs
from ...kernel_cache import kernels
from .conjugate_gradients import conjugate_gradients, not_converged
from .islands import COMPILED_GROUP, GROUP, Islands, islands
from .laplacian import assemble
from .multigrid import Multigrid
from .parallel import Job, few_threads, jobs_at_once, one_by_one, side_by_side
from .prior import Prior
from .stacked import Stacked, below_each_other, stack_frames
from .stencil import StencilOperator
from .tiles import list_tiles, write_tiles

# pymatting's `trimap_split`: at or above is subject, at or below is background.
SUBJECT = 0.9
BACKGROUND = 0.1
FRAMES_TOGETHER = 8
Solve = Callable[..., float]
# By so many unknown pixels the compiled kernels are a second faster.
PIXELS_A_SECOND = 250_000
# Bytes that the kernels' factors may take for each pixel of the picture, or for a small one altogether: pymatting takes
# 400 a pixel and more, and all of ours is to stay about a twelfth of that.
FACTORS_A_PIXEL, FACTORS = 28, 40e6
# More unknown than this share of the crop (scribbles, not a band) is solved in float64.
SPARSE = 0.6


def estimate_alpha(
    image: Tensor,
    trimap: Tensor,
    *,
    prior: Prior | None = None,
    tolerance: float = 3e-6,
    max_iterations: int = 300,
    raise_if_cancelled: RaiseIfCancelled | None = None,
) -> Tensor:
    """Alpha of a picture whose trimap says where the subject and the background certainly are.

    `image`: float [H, W, 3] or [B, H, W, 3], 0..1. `trimap`: [H, W] or [B, H, W], 0 background (up to 0.1), 1
    subject (from 0.9), anything between unknown. `prior`: what unknown pixels are drawn to. `tolerance`: residual over
    right side at which the solve ends; the default leaves alpha within 2e-3 of the exact solution on the tests' photos,
    within 2e-4 where the kernels solve directly, and up to 3.5e-3 (less than one level of 255) off on very wide bands.
    `raise_if_cancelled` is called several times a second and may raise; what it raises passes through. Returns float32
    [H, W] or [B, H, W], 0..1, on the image's device.

    A trimap without unknown pixels comes back as alpha, and so does a picture too thin for a 3 x 3 window.
    Raises MattingInputError (shapes, kinds, NaN), TrimapError (no definite subject or background), ConvergenceError
    and ForkedError.
    """
    begin_work()
    check_inputs(image, trimap)
    images, trimaps = (image[None], trimap[None]) if image.ndim == 3 else (image, trimap)
    priors = prior.planes(trimap) if prior else None
    # A GPU is idle while it is told what to do: it gets several frames as one. A CPU's cache holds one at best.
    together = 1 if image.device.type == "cpu" else FRAMES_TOGETHER
    ask = raise_if_cancelled or (lambda: None)
    with few_threads():
        if len(images) <= together:
            alpha = _solve_frames(images, trimaps, priors, tolerance, max_iterations, ask)
            return alpha.reshape(trimap.shape).contiguous()
        alpha = torch.empty(trimaps.shape, dtype=torch.float32, device=image.device)
        for first in range(0, len(images), together):
            part = slice(first, first + together)
            drawn = None if priors is None else priors[part]
            alpha[part] = _solve_frames(images[part], trimaps[part], drawn, tolerance, max_iterations, ask)
    return alpha.view(trimap.shape)


def _solve_frames(
    images: Tensor,
    trimaps: Tensor,
    priors: Tensor | None,
    tolerance: float,
    max_iterations: int,
    raise_if_cancelled: RaiseIfCancelled,
) -> Tensor:
    """Alpha [B, H, W] of frames [B, H, W, 3], with priors [B, H, W, 2], as one system of equations."""
    subject, background = trimaps >= SUBJECT, trimaps <= BACKGROUND
    unknown = ~(subject | background)
    counts = count(unknown)
    if min(unknown.shape[1:]) < 3 or not sum(counts):
        if priors is not None:
            trimaps = torch.where(priors[..., 1] > 0, priors[..., 0].to(trimaps.dtype), trimaps)
        return torch.where(unknown, trimaps, subject.to(trimaps.dtype)).float()
    alpha = subject.float()
    require_both(subject, background, [number for number, unknowns in enumerate(counts) if unknowns])
    if images.device.type != "cpu":
        return _solve_batched(images, subject, unknown, priors, tolerance, max_iterations, raise_if_cancelled)
    module = kernels.find("closed_form.solve", sum(counts) / PIXELS_A_SECOND)
    compiled: Solve | None = module.solve if module else None
    stacked = stack_frames(images, subject, unknown, priors)
    solved = below_each_other(alpha)
    groups = list(islands(stacked.unknown, COMPILED_GROUP if compiled else GROUP))
    inner = side_by_side if len(groups) == 1 else one_by_one
    memory = max(FACTORS_A_PIXEL * stacked.unknown.numel(), FACTORS) / jobs_at_once(len(groups))
    kernel = partial(compiled, memory=memory) if compiled else None
    solve = partial(_solve, stacked, solved, tolerance, max_iterations, inner, kernel)
    side_by_side([partial(solve, group) for group in groups], raise_if_cancelled)
    return solved.view(len(alpha), -1, alpha.shape[2])[:, : alpha.shape[1]]


def _solve_batched(
    images: Tensor,
    subject: Tensor,
    unknown: Tensor,
    priors: Tensor | None,
    tolerance: float,
    max_iterations: int,
    raise_if_cancelled: RaiseIfCancelled,
) -> Tensor:
    """Alpha [B, H, W] on a GPU."""
    from .batched.solve import solve

    alpha = solve(stack_frames(images, subject, unknown, priors), tolerance, max_iterations, raise_if_cancelled)
    return alpha.view(len(images), -1, images.shape[2])[:, : images.shape[1]]


def _solve(
    frames: Stacked,
    alpha: Tensor,
    tolerance: float,
    max_iterations: int,
    run: Callable[[Sequence[Job], RaiseIfCancelled], None],
    compiled: Solve | None,
    part: Islands,
    raise_if_cancelled: RaiseIfCancelled,
) -> None:
    """Write the part's unknown pixels into `alpha` [H, W]."""
    unknown, crop = part.unknown, (part.rows, part.columns)
    # With few known pixels the smallest eigenvalues come near float32's rounding: a grey ramp is off by
    # 2.6e-3.
    sparse = count(unknown[None])[0] > unknown.numel() * SPARSE
    prior = None if frames.prior is None else frames.prior[crop].permute(2, 0, 1)
    if compiled and not sparse:
        fields = frames.image[crop].float(), frames.subject[crop], unknown, frames.centres[part.rows]
        drawn = None if prior is None else tuple(prior.numpy())
        arrays = (*(field.numpy() for field in fields), drawn, alpha[crop].numpy())
        residual = compiled(*arrays, tolerance, max_iterations, run=run, raise_if_cancelled=raise_if_cancelled)
        if not residual <= tolerance:
            raise not_converged(max_iterations, residual, tolerance)
        return
    colours = frames.image[crop].permute(2, 0, 1).float().contiguous()
    known = torch.stack([frames.subject[crop], unknown]).float()
    tiles = list_tiles(unknown)
    dtype = torch.float64 if sparse else torch.float32
    centres = frames.centres[part.rows]
    equations = assemble(colours, known, centres, tiles, dtype, lambda jobs: run(jobs, raise_if_cancelled), prior)
    operator = StencilOperator(equations.stencil, tiles)
    precondition = Multigrid(operator, equations, tiles, raise_if_cancelled)
    solution = conjugate_gradients(
        operator, equations.right_side, precondition, tolerance, max_iterations, raise_if_cancelled
    )
    # Clipped only now: the equations hold for the raw values, which run from about -1 to 2.
    write_tiles(solution.clamp_(0, 1), tiles, unknown, alpha[crop])


def count(masks: Tensor) -> list[int]:
    """True entries of each of bool [B, H, W]; on a CPU torch takes ten times as long as numpy."""
    if masks.device.type == "cpu":
        return [int(np.count_nonzero(mask.numpy())) for mask in masks]
    counts: list[int] = masks.count_nonzero((1, 2)).tolist()
    return counts


def require_both(subject: Tensor, background: Tensor, frames: Sequence[int] = (0,)) -> None:
    """Raise TrimapError unless both, bool [B, H, W] or [H, W], have a true entry in each of these frames."""
    for name, regions, bound in (
        ("subject", subject, f">= {SUBJECT}"),
        ("background", background, f"<= {BACKGROUND}"),
    ):
        counts = count(regions.view(-1, *regions.shape[-2:]))
        if not all(counts[frame] for frame in frames):
            raise TrimapError(
                f"The trimap has 0 definite {name} pixels (values {bound}); at least one is needed. "
                "Keep the mask as it is, or lower the thresholds or the erode size."
            )
