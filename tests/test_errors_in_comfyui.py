"""Our errors as ComfyUI shows them: by their names alone, and whole after pickling."""

import pickle

import pytest


@pytest.fixture
def errors(loaded, monkeypatch):
    """The module, with ComfyUI's setting on for this test."""
    module = loaded("errors")
    for error in classes(module):
        monkeypatch.setattr(error, "__module__", error.__module__)  # puts it back
    module.hide_module()
    return module


def classes(module):
    found = [value for value in vars(module).values() if isinstance(value, type)]
    return [value for value in found if issubclass(value, module.SegmentationError)]


def shown_by_comfyui(error):
    """ComfyUI 0.3.64, execution.py (`full_type_name`)."""
    return error.__qualname__ if error.__module__ == "builtins" else f"{error.__module__}.{error.__qualname__}"


def test_the_page_shows_the_name_alone(errors):
    names = [shown_by_comfyui(error) for error in classes(errors)]
    assert len(names) > 30 and "NotOnnxError" in names
    assert not [name for name in names if "." in name]


def test_every_error_survives_pickling(errors):
    for error in classes(errors):
        made = error("the message <b>of</b> it")
        made.add_note("a note")
        again = pickle.loads(pickle.dumps(made))
        assert type(again) is error and again.args == made.args and str(again) == str(made)
        assert again.__notes__ == ["a note"]


def test_an_error_of_somebody_else_pickles_as_python_does_it(errors):
    again = pickle.loads(pickle.dumps(Stranger("hello")))
    assert type(again) is Stranger and str(again) == "hello"


def make_stranger():
    import onnx_segmentation

    class Stranger(onnx_segmentation.ModelError):
        """Of another module."""

        __qualname__ = "Stranger"

    return Stranger


Stranger = make_stranger()
