"""One recipe for all pictures of a run, whatever they are called and however many are cut out at a time."""

import numpy as np
import pytest
import torch
from onnx_segmentation.batch.recipe import LocalSource, telling_pictures
from onnx_segmentation.commands import main
from onnx_segmentation.cutouts import cutout
from onnx_segmentation.sessions.finding import kept
from onnx_segmentation.sessions.finding.candidates import UNIT
from onnx_segmentation.simple import load_session, segment
from PIL import Image
from test_finding import SIDE, disc, trained_on


def scenes():
    """Discs of five sizes and colours on noise: pictures that need not agree on a recipe."""
    random = np.random.default_rng(5)
    down, across = np.mgrid[0:SIDE, 0:SIDE]
    for number in range(5):
        inside = np.hypot(down - SIDE / 2, across - 10 * number) < 6 + 5 * number
        ground = random.integers(0, 60 + 40 * number, (SIDE, SIDE, 3))
        yield Image.fromarray(np.where(inside[..., None], random.integers(0, 256, 3), ground).astype(np.uint8))


@pytest.fixture
def model(tmp_path):
    return trained_on(UNIT, folded=True)(tmp_path / "a_network.onnx")


def run(tmp_path, monkeypatch, model, names, jobs, number):
    """The bytes of the result of the first scene, with a cache folder that holds nothing yet."""
    monkeypatch.setenv("ONNX_SEGMENTATION_CACHE", str(tmp_path / f"cache{number}"))
    folder, output = tmp_path / f"in{number}", tmp_path / f"out{number}"
    folder.mkdir()
    for name, picture in zip(names, scenes(), strict=False):
        picture.save(folder / f"{name}.png")
    options = ["--output", str(output), "--model", str(model), "--jobs", str(jobs), "--mask", "--quiet"]
    assert main(["cutout", str(folder), *options]) == 0
    return (output / f"{names[0]}.png").read_bytes()


def test_first_or_last_alone_or_among_four_workers(tmp_path, monkeypatch, model):
    every = [run(tmp_path, monkeypatch, model, names, jobs, f"{names[0]}{jobs}")
             for names in ("abcde", "zbcde") for jobs in (1, 4)]  # fmt: skip
    assert len(set(every)) == 1


def test_pictures_are_chosen_by_what_they_hold(tmp_path):
    chosen = []
    for names in ("abcdef", "fedcba"):
        folder = tmp_path / names
        folder.mkdir()
        for name, picture in zip(names, scenes(), strict=False):
            picture.save(folder / f"{name}.bmp")  # all of one size
        (folder / "0.bmp").write_bytes(b"BM nothing")
        paths = sorted(str(path) for path in folder.iterdir())
        chosen.append([picture.tolist() for picture in telling_pictures(paths, LocalSource(), 10)])
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 3


def test_the_first_picture_settles_a_guess_for_good(tmp_path, monkeypatch, model):
    monkeypatch.setenv("ONNX_SEGMENTATION_CACHE", str(tmp_path / "cache"))
    picture, _ = disc()
    guess = load_session(model)
    assert guess.doubt and kept.load_kept(model) is None
    first = cutout(picture[None].float() / 255, guess)
    assert kept.load_kept(model)
    assert load_session(model).doubt == ""
    again = segment(picture.numpy(), str(model), mask=True)
    assert torch.equal(torch.from_numpy(again), (first.mask[0] * 255).round().to(torch.uint8))


def test_segment_finds_with_its_picture(tmp_path, monkeypatch, model):
    monkeypatch.setenv("ONNX_SEGMENTATION_CACHE", str(tmp_path / "cache"))
    segment(disc()[0].numpy(), str(model))
    assert kept.load_kept(model)
