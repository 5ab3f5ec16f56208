"""Optimised graphs kept on disk: found again, made anew for anything else, bounded, and never in the way."""

import os

import numpy as np
import pytest
from onnx_segmentation import caches
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.recipes.presets import preset
from onnx_segmentation.sessions.recipes.recipe import Recipe
from onnx_segmentation.sessions.runtime import create, graph_cache, loaded
from onnx_segmentation.sessions.session import CustomSession
from support import make_red_model, open_photo

RECIPE = Recipe(CustomSessionContainer(width=64, height=64))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(caches.VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def loads(monkeypatch):
    """The files that onnxruntime loads, by name."""
    found, make = [], create.new_session

    def new_session(path, providers, options):
        found.append(path.name)
        return make(path, providers, options)

    monkeypatch.setattr(create, "new_session", new_session)
    return found


def test_the_second_start_loads_the_kept_graph(folder, loads, u2netp):
    loaded._models.clear()  # other tests may hold it
    photo = open_photo("coffee")
    first = np.asarray(CustomSession(u2netp, preset("u2net")).predict(photo)[0])
    loaded._models.clear()
    again = CustomSession(u2netp, preset("u2net"))
    (kept,) = folder.iterdir()
    assert loads == ["u2netp.onnx", kept.name]
    np.testing.assert_array_equal(np.asarray(again.predict(photo)[0]), first)


def test_another_file_or_runtime_is_kept_apart(folder, loads, red_model, monkeypatch):
    CustomSession(red_model, RECIPE)
    make_red_model(red_model, (1, 3, "height", "width"))
    CustomSession(red_model, RECIPE)
    assert loads == ["red.onnx", "red.onnx"] and len(list(folder.iterdir())) == 2
    monkeypatch.setattr(graph_cache, "processor", lambda: "another")
    CustomSession(red_model, RECIPE)
    assert len(list(folder.iterdir())) == 3


def test_nothing_is_kept_where_the_variable_is_empty(tmp_path, loads, red_model, monkeypatch):
    monkeypatch.setenv(caches.VARIABLE, "")
    monkeypatch.chdir(tmp_path)
    CustomSession(red_model, RECIPE)
    assert loads == ["red.onnx"] and [path.name for path in tmp_path.iterdir()] == ["red.onnx"]


def test_a_folder_that_cannot_be_written_is_no_matter(tmp_path, loads, red_model, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv(caches.VARIABLE, str(tmp_path / "file" / "kept"))
    assert CustomSession(red_model, RECIPE).provider == "CPUExecutionProvider"


def test_large_models_are_not_doubled_on_disk(folder, red_model, monkeypatch):
    monkeypatch.setattr(create, "LARGEST", 10)
    CustomSession(red_model, RECIPE)
    assert not folder.exists()


def test_the_oldest_make_room(folder, tmp_path, monkeypatch):
    models = [make_red_model(tmp_path / f"model{number}.onnx") for number in range(4)]
    CustomSession(models[0], RECIPE)
    (kept,) = folder.iterdir()
    monkeypatch.setattr(graph_cache, "FOLDER_LIMIT", 3 * kept.stat().st_size + 10)
    os.utime(kept, (1, 1))
    for model in models[1:]:
        CustomSession(model, RECIPE)
    assert sorted(path.name[:6] for path in folder.iterdir()) == ["model1", "model2", "model3"]


def test_a_graph_that_onnxruntime_cannot_load_again_is_not_written_each_time(folder, loads, red_model, monkeypatch):
    """As CUDA's may be: onnxruntime writes its own copy operators, and finds their names taken when it reads them."""
    make = create.new_session

    def new_session(path, providers, options):
        if path.parent == folder:
            raise providers_fail()
        return make(path, providers, options)

    def providers_fail():
        state = create.load_onnxruntime().capi.onnxruntime_pybind11_state
        return state.Fail("This is an invalid model. Error: Duplicate definition of name (pad_CUDAExecutionProvider).")

    CustomSession(red_model, RECIPE)
    monkeypatch.setattr(create, "new_session", new_session)
    for _ in range(3):
        loaded._models.clear()
        assert CustomSession(red_model, RECIPE).provider == "CPUExecutionProvider"
    assert [path.suffix for path in folder.iterdir()] == [""]  # what is left is the note of it
