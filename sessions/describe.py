"""What to tell a person who asks why it is slow, or wrong: the runtime, the model, its recipe, the time per stage."""

from collections.abc import Iterable, Mapping

import torch

from ..caches import cache_folder
from ..imaging.opencv import probe
from ..packages import OPENCV, add, mend_opencv, versions
from ..plain_text import LINE, SHOWN, plain, plain_list
from .finding.sources import find_recipe
from .recipes.recipe import to_dict
from .runtime.cores import usable_cores
from .runtime.library import installed_packages, load_onnxruntime, two_packages
from .runtime.loaded import LoadedModel
from .runtime.providers import choose_providers, missing_provider, plain_name, what_is_wrong

REPORTED = (
    "torch",
    "numpy",
    "pillow",
    *OPENCV,
    "scipy",
    "rembg",
    "pymatting",
    "numba",
)


def describe_runtime() -> list[str]:
    """Lines about this machine: onnxruntime, torch, what would make it faster, and last the command that mends what is
    missing.
    """
    import platform
    from importlib import metadata

    ort = load_onnxruntime()
    builds = [f"{name} {metadata.version(name)}" for name in installed_packages()]
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none that torch sees"
    lines = [
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}",
        f"onnxruntime: {', '.join(builds) or ort.__version__}",
        f"providers: {', '.join(ort.get_available_providers())}",
        f"threads: {usable_cores() or 'as many as onnxruntime takes'}; kept kernels: {cache_folder() or 'none'}",
        f"GPU: {gpu}; torch's CUDA: {torch.version.cuda or 'none'}",
        f"packages: {', '.join(f'{name} {version}' for name, version in sorted(versions(REPORTED).items()))}",
        *describe_optional(),
    ]
    wrong = two_packages() if len(builds) > 1 else missing_provider()
    slow = [] if versions(["numba"]) else ["numba, without which matting on a CPU is slow"]
    return [*lines, f"missing: {'; '.join([wrong] if wrong else slow) or 'nothing'}"]


def describe_model(model: LoadedModel, provider: str | None = None) -> list[str]:
    """Lines about a model: what its file says, what runs it against what was asked, its recipe and where from."""
    chosen, facts, path = find_recipe(model.path, provider), model.facts, model.path
    opsets = plain_list(f"{domain or 'ai.onnx'} {version}" for domain, version in facts.opsets.items())
    asked = provider or choose_providers()[0]
    got = f"runs on: {', '.join(map(plain_name, model.providers))}; asked for: {plain_name(asked)}"
    lines = [
        f"model: {path.name}, {path.stat().st_size / 1e6:.1f} MB, IR {facts.ir_version}, opset {opsets}",
        f"made by: {plain(facts.producer) or 'unknown'}",
        *_some("input", map(str, facts.inputs)),
        *_some("output", (f"{entry} by {plain(facts.last_ops.get(entry.name, '?'))}" for entry in facts.outputs)),
        got if asked in model.providers else f"{got}. {what_is_wrong(asked)}",
        f"recipe, from {chosen.source}: {to_dict(chosen.recipe)}",
    ]
    return [plain(line, LINE) for line in lines]


def _some(kind: str, entries: Iterable[str]) -> list[str]:
    """A line for each of the first, and how many more there are."""
    every = list(entries)
    more = [f"{kind}s: and {len(every) - SHOWN:,} more"] if len(every) > SHOWN else []
    return [*(f"{kind}: {entry}" for entry in every[:SHOWN]), *more]


def describe_times(times: Mapping[str, float]) -> list[str]:
    """Lines of milliseconds per stage."""
    return [f"time: {stage} {seconds * 1000:.1f} ms" for stage, seconds in times.items()]


def describe_optional() -> list[str]:
    """A line for each package that this pack does without: what it would add, and the command that changes no other."""
    there = versions(("numba", "pymatting"))
    module, fault = probe()
    lines = []
    if fault:
        lines += [f"cv2 cannot be used ({fault}). To mend it: {mend_opencv(fault)}"]
    elif module is None:
        lines += [f"cv2 is not there: torch does its work, slower. {add('opencv-python')} adds it"]
    if "numba" not in there:
        lines += [f"numba is not there: a CPU takes about three times as long to matte. {add('numba')} adds it"]
    if "pymatting" not in there:
        lines += [f"pymatting is not there: its methods are not offered. {add('pymatting')} adds them"]
    return lines
