"""The whole pipeline against rembg.remove with the same file, on real photos."""

import numpy as np
import pytest
import torch
from onnx_segmentation.cutouts import CutoutOptions, cutout
from onnx_segmentation.refine import RefineOptions
from onnx_segmentation.sessions.recipes.presets import preset
from onnx_segmentation.sessions.session import CustomSession
from support import open_photo, photos, to_image, to_saved


@pytest.fixture(scope="module")
def session(u2netp):
    return CustomSession(u2netp, preset("u2net"))


def ours(session, photo, matting=False, post_process=False, **refine):
    options = CutoutOptions(RefineOptions(matting, **refine), post_process)
    return to_saved(cutout(to_image(photo), session, options).image[0]).astype(int)


def rembgs(session, photo, matting=False, post_process=False):
    """The session has rembg's form, and gives rembg's masks (test_session.py)."""
    remove = pytest.importorskip("rembg").remove
    thresholds = {"alpha_matting_foreground_threshold": 240, "alpha_matting_background_threshold": 20}
    cut = remove(
        photo, session=session, alpha_matting=matting, post_process_mask=post_process, alpha_matting_erode_size=10,
        **thresholds,
    )  # fmt: skip
    return np.asarray(cut).astype(int)


@pytest.mark.parametrize("post_process", [False, True])
@pytest.mark.parametrize("size", [None, (333, 257)], ids=str)
@pytest.mark.parametrize("name", photos())
def test_alpha_is_rembgs_and_colours_the_photos(name, size, post_process, session):
    photo = open_photo(name) if size is None else open_photo(name).resize(size)
    mine, theirs = ours(session, photo, post_process=post_process), rembgs(session, photo, post_process=post_process)
    assert np.abs(mine[..., 3] - theirs[..., 3]).max() <= 1
    np.testing.assert_array_equal(mine[..., :3], np.asarray(photo))


@pytest.mark.parametrize("name", photos())
def test_premultiplied_is_rembgs_look(name, session):
    """rembg multiplies colour by alpha, and then attaches alpha: the edge goes dark."""
    photo = open_photo(name)
    mine, theirs = ours(session, photo, edge_colours="premultiplied"), rembgs(session, photo)
    assert np.abs(mine - theirs).max() <= 1


@pytest.mark.parametrize("name", photos())
def test_alpha_matting_is_rembgs(name, session, monkeypatch):
    """Within 1 level, but for pixels where pymatting's inverses lose their digits (test_closed_form.py).

    What rembg loses because it is too small for the erosion is lost here too: test_small_parts.py has it.
    """
    monkeypatch.setattr("onnx_segmentation.matting.trimap.with_cores", lambda _, eroded, *__: eroded)
    photo = open_photo(name).copy()
    photo.thumbnail((500, 500))
    mine, theirs = ours(session, photo, matting=True), rembgs(session, photo, matting=True)
    away = np.abs(mine[..., 3] - theirs[..., 3])
    assert np.quantile(away, 0.999) <= 1
    # Where there is hardly any alpha, half a level of it changes the colour: compare what is seen of it.
    seen = np.abs(mine - theirs)[..., :3] * mine[..., 3:] / 255
    assert np.quantile(seen[away <= 1], 0.999) <= 2


def test_the_astronaut_is_left_and_the_wall_is_gone(session):
    alpha = ours(session, open_photo("astronaut"), matting=True)[..., 3]
    assert alpha[120, 225] == 255 and alpha[350, 200] == 255  # face and suit
    assert alpha[5, 200] == 0 and alpha[30, 480] == 0  # wall


def test_confidence_of_each_frame(session):
    photo = to_image(open_photo("astronaut").resize((300, 300)))
    result = cutout(torch.cat([photo, torch.full_like(photo, 0.5)]), session, CutoutOptions(min_confidence=0.5))
    assert result.confidence[0] > 0.9 > 0.5 > result.confidence[1]
    assert result.mask[0].max() == 1 and result.mask[1].max() == 0
