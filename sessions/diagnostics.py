"""What to tell a person who asks why it is slow, or wrong: the runtime, the model, its recipe, the time per stage."""

from collections.abc import Mapping
from pathlib import Path

import torch

from .loaded import open_model
from .recipe import to_dict
from .runtime import installed_packages, load_onnxruntime, missing_provider
from .sources import find_recipe

PACKAGES = ("torch", "numpy", "pillow", "opencv-python-headless", "opencv-python", "scipy", "rembg", "pymatting")


def describe_runtime() -> list[str]:
    """Lines about this machine's onnxruntime and torch, the last of them the command that mends what is missing."""
    import platform
    from importlib import metadata

    ort = load_onnxruntime()
    builds = [f"{name} {metadata.version(name)}" for name in installed_packages()]
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none that torch sees"
    lines = [
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}",
        f"onnxruntime: {', '.join(builds) or ort.__version__}",
        f"providers: {', '.join(ort.get_available_providers())}",
        f"GPU: {gpu}; torch's CUDA: {torch.version.cuda or 'none'}",
        f"packages: {', '.join(f'{name} {found}' for name, found in _versions())}",
    ]
    missing = missing_provider()
    return [*lines, f"missing: {missing}" if missing else "missing: nothing"]


def describe_model(path: Path, provider: str | None = None) -> list[str]:
    """Lines about a model: what its file says, what runs it, its recipe and where that comes from."""
    found = find_recipe(path, provider)
    model = open_model(path, provider)
    facts = model.facts
    opsets = ", ".join(f"{domain or 'ai.onnx'} {version}" for domain, version in facts.opsets.items())
    return [
        f"model: {path.name}, {path.stat().st_size / 1e6:.1f} MB, IR {facts.ir_version}, opset {opsets}",
        f"made by: {facts.producer or 'unknown'}",
        *(f"input: {entry}" for entry in facts.inputs),
        *(f"output: {entry} by {facts.last_ops.get(entry.name, '?')}" for entry in facts.outputs),
        f"runs on: {', '.join(model.providers)}",
        f"recipe, from {found.source}: {to_dict(found.recipe)}",
    ]


def describe_times(times: Mapping[str, float]) -> list[str]:
    """Lines of milliseconds per stage."""
    return [f"time: {stage} {seconds * 1000:.1f} ms" for stage, seconds in times.items()]


def _versions() -> list[tuple[str, str]]:
    from importlib import metadata

    found = {
        dist.metadata["Name"].lower(): dist.version for name in PACKAGES for dist in metadata.distributions(name=name)
    }
    return sorted(found.items())
