import pytest
from onnx_segmentation.errors import ModelNotFoundError, NotOnnxError
from onnx_segmentation.sessions.onnx_file.header import inspect

STRANGERS = {
    "empty": (b"", "is empty"),
    "html": (b"\n<!DOCTYPE html><html>Not Found</html>", r"web page \(it begins with '.!DOCTYPE html.'\)"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git-lfs pointer"),
    "zip": (b"PK\x03\x04" + bytes(40), "zip archive"),
    "gzip": (b"\x1f\x8b\x08" + bytes(40), "gzip"),
    "pickle": (b"\x80\x02}q\x00.", "checkpoint"),
    "gguf": (b"GGUF" + bytes(40), "GGUF"),
    "json": (b'{"error": "rate limited"}', "not an ONNX model"),
    "text": (b"404: Not Found", "not an ONNX model"),
    "zeros": (bytes(1000), "not an ONNX model"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(40), "not an ONNX model"),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_says_what_a_file_is_that_is_no_model(kind, tmp_path):
    content, said = STRANGERS[kind]
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(NotOnnxError, match=said):
        inspect(path)


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.99])
def test_a_cut_off_download_is_called_that(kept, red_model):
    content = red_model.read_bytes()
    red_model.write_bytes(content[: max(5, int(len(content) * kept))])
    with pytest.raises(NotOnnxError, match="cut-off"):
        inspect(red_model)


def test_missing_file_says_where_it_should_lie(tmp_path):
    with pytest.raises(ModelNotFoundError, match=r"absent\.onnx: put the \.onnx file into ComfyUI's models/onnx"):
        inspect(tmp_path / "absent.onnx")


def test_real_models_pass(red_model, u2netp):
    inspect(red_model)
    inspect(u2netp)
