"""The same command on Ray Data: the same bytes, a manifest, and on from where it stopped."""

import os
import subprocess
import sys

import pytest
from onnx_segmentation.commands import main
from onnx_segmentation.errors import InputsError
from support import ROOT
from test_cutout_command import arguments, bad_folder, make_read_only, model, results  # noqa: F401, the fixtures

pytest.importorskip("ray")


@pytest.fixture
def command(tmp_path):
    """python -m onnx_segmentation, from a folder in which the checkout has the package's name."""
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "onnx_segmentation").symlink_to(ROOT, target_is_directory=True)

    def run(*args):
        environment = os.environ | {"PYTHONPATH": str(tmp_path / "path")}
        line = [sys.executable, "-m", "onnx_segmentation", *args]
        return subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run


def rows(manifest):
    from pyarrow import parquet

    return {
        os.path.relpath(row["input"], row["input"].split("mixed")[0] + "mixed"): row
        for row in parquet.read_table(manifest).to_pylist()
    }


def test_folder_on_ray(bad_folder, model, tmp_path, command):  # noqa: F811
    local, output = tmp_path / "local", tmp_path / "out"
    main(arguments(bad_folder, local, model))
    make_read_only(output / "locked")
    ray = ["--engine", "ray", "--ray-workers", "1", "--manifest", str(output / "manifest.parquet")]
    first = command(*arguments(bad_folder, output, model, *ray))
    assert first.returncode == 1, first.stderr
    expected = {name: path.read_bytes() for name, path in results(local).items() if not name.startswith("locked")}
    assert {name: path.read_bytes() for name, path in results(output).items()} == expected
    found = rows(output / "manifest.parquet")
    assert sorted(found) == sorted(path.relative_to(bad_folder).as_posix() for path in bad_folder.rglob("*.*"))
    assert sum(row["status"] == "done" for row in found.values()) == len(expected)
    assert found["zero.png"]["error"] == "the file is empty (0 bytes)"
    assert found["gone.jpg"]["error"].endswith("there is no such file or folder")
    assert "not allowed" in found["locked/good.png"]["error"]
    assert found["good.jpg"]["output"] == "good.png" and found["good.jpg"]["seconds"] > 0
    assert found["animated.webp"]["notes"] == "of several frames, the first only"
    (bad_folder / "zero.png").write_bytes((bad_folder / "good.jpg").read_bytes())
    before = {name: path.stat().st_mtime_ns for name, path in results(output).items()}
    again = command(*arguments(f"file://{bad_folder}", f"file://{output}", model, *ray))
    assert "1 done" in again.stdout and f"{len(expected)} were there before" in again.stdout, again.stderr
    assert {name: path.stat().st_mtime_ns for name, path in results(output).items() if name in before} == before


def test_model_travels_where_the_worker_has_none(tmp_path, monkeypatch):
    from onnx_segmentation.batch import ray_stages

    here = tmp_path / "u2netp.onnx"
    here.write_bytes(b"weights")
    monkeypatch.setattr(ray_stages.ray, "get", lambda data: data)
    monkeypatch.setattr(ray_stages.tempfile, "gettempdir", lambda: str(tmp_path))
    assert ray_stages.model_here(here, b"weights") == here
    copy = ray_stages.model_here(tmp_path / "elsewhere" / "u2netp.onnx", b"weights")
    assert copy.name == "u2netp.onnx" and copy.read_bytes() == b"weights"


@pytest.mark.parametrize("settings", [{"workers": 0}, {"cpus": 0}, {"gpus": -1}])
def test_workers_that_cannot_be(settings):
    from onnx_segmentation.batch.ray_cluster import RayOptions

    with pytest.raises(InputsError, match="give"):
        RayOptions(**settings)
