"""Nested dissection and the block Cholesky: every square once, later ones in the border, the right solution."""

from functools import partial
from importlib import import_module

import numpy as np
import pytest
from onnx_segmentation import kernel_cache

pytestmark = pytest.mark.skipif(kernel_cache.find_spec("numba") is None, reason="numba is not installed")
# Teeth on both sides of a beam: cut off from it, they have nothing between them, but each still touches it.
COMB = np.zeros((60, 80), bool)
COMB[25:35] = True
COMB[2:58, np.arange(80) % 4 < 2] = True
RING = np.abs(np.hypot(*np.mgrid[-45:45, -45:45]) - 30) < 7
# Single pixels, pairs and holes: squares with one pixel, with neighbours across a corner only, with none.
SCATTERED = np.random.default_rng(4).random((60, 90)) < 0.15
SHAPES = {"comb": COMB, "ring": RING, "scattered": SCATTERED, "one pixel": np.eye(9, dtype=bool) & (np.arange(9) == 4)}


@pytest.fixture(scope="module")
def kernels():
    solve = kernel_cache.kernels.find("closed_form.solve", wait=True)
    return lambda name: import_module(solve.__name__.replace(".solve", f".{name}"))


@pytest.fixture(params=SHAPES)
def system(request, kernels):
    """The equations of a noisy picture between the unknown pixels of a shape, and the plan of their elimination."""
    unknown = SHAPES[request.param]
    places = kernels("places")
    blocks = places.list_squares(unknown, places.BLOCK)
    matrix, right = places.empty_matrix(blocks), np.zeros((len(blocks.rows), 4))
    image = np.random.default_rng(5).random((*unknown.shape, 3), np.float32)
    centres = np.arange(len(unknown)) % (len(unknown) - 1) > 0
    kernels("equations").assemble(image, ~unknown, unknown, centres, blocks, matrix.blocks, right, 0, len(unknown))
    return matrix, kernels("direct").plan_direct(blocks, matrix)


def dense(matrix):
    """[4 T, 4 T]; 1 on the diagonal where a square has no unknown pixel."""
    count = len(matrix.blocks)
    whole = np.zeros((count, 4, count, 4))
    for t, near in enumerate(matrix.near):
        for u, block in zip([t, *near[:4]], matrix.blocks[t].reshape(5, 4, 4), strict=True):
            whole[t, :, u] += block
            whole[u, :, t] += block.T if u != t else 0
    whole = whole[1:, :, 1:].reshape(4 * count - 4, -1)
    whole[np.diag_indices(len(whole))] += whole.diagonal() == 0
    return whole


def one_by_one(jobs, ask):
    for job in jobs:
        job(ask)


def test_every_square_is_taken_once_and_borders_come_later(system):
    matrix, plan = system
    tree = plan.tree
    assert sorted(tree.order) == list(range(1, len(matrix.blocks)))
    place = np.full(len(matrix.blocks), -1)
    place[tree.order] = np.arange(len(tree.order))
    for q in range(len(tree.youngest)):
        border = tree.border[tree.reach[q] : tree.reach[q + 1]]
        assert (np.diff(border) > 0).all() and (border >= tree.first[q + 1]).all()
        touched = place[matrix.near[tree.order[tree.first[q] : tree.first[q + 1]]]]
        assert set(touched[touched >= tree.first[q + 1]]) <= set(border)


def test_solves(system, kernels):
    matrix, plan = system
    right = np.random.default_rng(6).standard_normal((len(matrix.blocks), 4))
    right[0] = 0
    solution = kernels("direct").factor(matrix, plan, one_by_one, lambda: None)(right)
    exact = np.linalg.solve(dense(matrix), right[1:].ravel())
    assert np.abs(solution[1:].ravel() - exact).max() <= 1e-4 * np.abs(exact).max()
    assert not solution[0].any()


def test_the_product_is_the_matrix(system, kernels):
    matrix, _ = system
    value, result = np.zeros((2, len(matrix.blocks), 4))
    value[1:] = np.random.default_rng(7).standard_normal(value[1:].shape)
    kernels("products").multiply(matrix, value, result)
    whole = dense(matrix)
    whole[np.diag_indices(len(whole))] -= ~matrix.blocks[1:, :16:5].ravel().astype(bool)
    np.testing.assert_allclose(result[1:].ravel(), whole @ value[1:].ravel(), atol=1e-12)


def test_an_empty_line_passes_both_sides_on(kernels):
    """Where a line has no square but both sides have a border: the comb, whose solution is tested above."""
    places = kernels("places")
    blocks = places.list_squares(COMB, places.BLOCK)
    tree = kernels("direct").plan_direct(blocks, places.empty_matrix(blocks)).tree
    assert ((np.diff(tree.first) == 0) & (np.diff(tree.reach) > 0)).any()


def test_both_sides_of_the_first_line_go_side_by_side(kernels):
    """They share nothing: any order gives the same bits. On a ring they are the larger part of the work."""
    places, direct = kernels("places"), kernels("direct")
    blocks = places.list_squares(RING, places.BLOCK)
    matrix = places.empty_matrix(blocks)
    matrix.blocks[1:, :16] = 9 * np.eye(4).ravel() + 1
    matrix.blocks[1:, 16:] = (matrix.near[1:, :4] > 0).repeat(16, 1) / -8
    plan = direct.plan_direct(blocks, matrix)
    right = np.ones((len(blocks.rows), 4))
    jobs = []

    def backwards(given, ask):
        jobs.extend(given)
        one_by_one(given[::-1], ask)

    solution = direct.factor(matrix, plan, backwards, lambda: None)(right)
    assert np.array_equal(solution, direct.factor(matrix, plan, one_by_one, lambda: None)(right))
    shares = [plan.work[part.start : part.stop].sum() / plan.work.sum() for part in direct._parts(plan.tree)]
    assert len(jobs) == 2 and min(shares[:2]) > 0.3


def test_a_cancel_is_asked_for_within_the_factor(system, kernels, monkeypatch):
    matrix, plan = system
    direct, asked = kernels("direct"), []
    monkeypatch.setattr(direct, "WORK_AT_ONCE", plan.work.sum() / 10)
    direct.factor(matrix, plan, one_by_one, lambda: asked.append(1))
    assert len(asked) >= min(10, len(plan.work))


def test_no_node_takes_long(kernels):
    """In a picture of 12 MP, 60 % of it one unknown piece, in tiles as the solve would take it: 2.5e9 multiply-adds are
    .15 s here, half a second on a core a third as fast."""
    places = kernels("places")
    unknown = np.zeros((3000, 4000), bool)
    unknown[300:2700, 500:3500] = True
    tiles = places.list_squares(unknown, places.TILE)
    plan = kernels("direct").plan_direct(tiles, places.empty_matrix(tiles))
    assert plan.work.max() <= 2.5e9


def test_the_memory_is_kept(kernels, monkeypatch):
    """Factors larger than allowed are not made: the tiles' are, a tenth as large."""
    solve, made = kernels("solve"), []

    def noted(factor, matrix, plan, *rest):
        made.append(plan.bytes)
        return factor(matrix, plan, *rest)

    for module in (solve, kernels("two_levels")):
        monkeypatch.setattr(module, "factor", partial(noted, module.factor))
    image = np.random.default_rng(5).random((*RING.shape, 3), np.float32)
    centres = np.arange(len(RING)) % (len(RING) - 1) > 0
    inside = np.hypot(*np.mgrid[-45:45, -45:45]) < 20
    alphas = np.zeros((2, *RING.shape), np.float32)
    for alpha in alphas:
        memory = made[0] - 1 if made else 1e9
        solve.solve(image, inside, RING, centres, None, alpha, 3e-6, 99, memory, one_by_one, lambda: None)
    assert len(made) == 2 and made[1] < made[0] / 4
    assert np.abs(alphas[0] - alphas[1]).max() <= 1e-3
