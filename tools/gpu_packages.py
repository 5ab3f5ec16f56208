"""Ask the registry whether the packages of the GPU's commands are there: python -m tools.gpu_packages

Each requirement that `sessions/runtime/remedies.py` may name is resolved by pip, without its dependencies and without
installing anything, for Linux and Windows. The exit code is 1 if one is not there. Not part of the tests: it needs the
network.
"""

import subprocess
import sys

from .pack import load_pack

LINUX = ("manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux2014_x86_64")
WINDOWS = ("win_amd64",)
PYTHON = "3.12"


def main() -> int:
    load_pack()
    from onnx_segmentation.sessions.runtime import remedies

    everywhere = [*remedies.FOR_CUDA.values(), remedies.WITH_LIBRARIES, remedies.OLDER_BUILD]
    wanted: list[tuple[str, tuple[str, ...] | None]] = []
    wanted += [(requirement, system) for requirement in everywhere for system in (LINUX, WINDOWS)]
    wanted += [(f"tensorrt-cu{major}<11", None) for major in (12, 13)]  # source packages that fetch their libraries
    wanted += [(remedies.PACKAGES[name], LINUX) for name in ("MIGraphX", "ROCm", "OpenVINO")]
    wanted += [(remedies.PACKAGES["DirectML"], WINDOWS)]
    answers = [tell(requirement, system) for requirement, system in wanted]
    return int(not all(answers))


def tell(requirement: str, platforms: tuple[str, ...] | None) -> bool:
    python = "3.11" if "<1.19" in requirement else PYTHON  # what was new when CUDA 11 was
    if platforms is None:
        command = [sys.executable, "-m", "pip", "index", "versions", requirement.split("<")[0]]
    else:
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet"]
        command += ["--target", "nowhere", "--only-binary=:all:", f"--python-version={python}"]
        command += [f"--platform={platform}" for platform in platforms] + [requirement]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    there = answer.returncode == 0 and (platforms is not None or "10." in answer.stdout)
    system = platforms[0] if platforms else "any system"
    print(f"{'there' if there else 'MISSING'}  {requirement}  for {system}", flush=True)
    return there


if __name__ == "__main__":
    sys.exit(main())
