"""Try it and test it, from a fresh checkout with Python 3.11 or newer and nothing else.

    python dev.py demo                          cut out a sample photo with u2netp, into demo/
    python dev.py demo PHOTO... --model X.onnx  your own photos and model (--help shows the rest)
    python dev.py test [PYTEST OPTIONS]         lint, type check and the whole test suite
    python dev.py coverage [PYTEST OPTIONS]     the same, and how much of the code the tests run; fails below a floor
    python dev.py types                         type check
    python dev.py bench NAME                    run benchmarks/NAME.py
    python dev.py environments [NAME...]        what installing would change in users' environments; needs the network

Each makes the environment .venv first, as tests/requirements.txt and tests/constraints.txt say; the last a small one.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
REQUIREMENTS = ROOT / "tests" / "requirements.txt"
CONSTRAINTS = ROOT / "tests" / "constraints.txt"
ROOMS = ["batch", "commands", "gpu_check", "nodes", "sessions", "matting", "imaging", "kernels", "pictures"]
MODULES = [path.name for path in sorted(ROOT.glob("*.py")) if path.name != "dev.py"]


def main(arguments: list[str]) -> int:
    command, rest = (arguments[0] if arguments else ""), arguments[1:]
    if command not in COMMANDS:
        print(__doc__)
        return 2
    if sys.version_info < (3, 11):
        print(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
        return 2
    if command != "environments":
        prepare_environment()
    return COMMANDS[command](rest)


def prepare_environment() -> None:
    """Make .venv, or bring it up to date when the lists of packages have changed."""
    checksum = hashlib.sha256(REQUIREMENTS.read_bytes() + CONSTRAINTS.read_bytes()).hexdigest()
    stamp = VENV / "installed.txt"
    if stamp.is_file() and stamp.read_text() == checksum:
        return
    print(f"setting up {VENV} (once, some minutes)", flush=True)
    venv.create(VENV, with_pip=True, clear=True)
    pip = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-c", CONSTRAINTS]
    subprocess.run([*pip, "torch"], check=True)
    subprocess.run([*pip, "-r", REQUIREMENTS], check=True)
    stamp.write_text(checksum)


def demo(arguments: list[str]) -> int:
    return run("-m", "tools.demo", *arguments)


def test(arguments: list[str]) -> int:
    """Lint, types, tests; all three run whatever the others say."""
    return max(check(), run("-m", "pytest", *arguments))


def coverage(arguments: list[str]) -> int:
    """As `test`; pyproject.toml has the floor."""
    return max(check(), run("-m", "coverage", "run", "-m", "pytest", *arguments), run("-m", "coverage", "report"))


def check() -> int:
    run("-m", "tools.models")
    return max(run("-m", "ruff", "check", "."), run("-m", "ruff", "format", "--check", "."), type_check())


def types(_: list[str]) -> int:
    return type_check()


def type_check() -> int:
    """The package, the tools and benchmarks, the tests. mypy wants the package under its own name, which the checkout's
    folder need not have: it is lent one by links."""
    view = ROOT / ".cache" / "typing" / "onnx_segmentation"
    shutil.rmtree(view, ignore_errors=True)  # links of files that are gone
    view.mkdir(parents=True)
    for name in ROOMS + MODULES:
        (view / name).symlink_to(ROOT / name, target_is_directory=(ROOT / name).is_dir())
    package = ("--config-file", "pyproject.toml", "--cache-dir", ".cache/mypy")
    return max(
        run("-m", "mypy", *package, str(view)),
        run("-m", "mypy", *package, "-p", "tools", "-p", "benchmarks", MYPYPATH=str(view.parent)),
        run("-m", "mypy", "--config-file", "tests/mypy.ini", "--cache-dir", ".cache/mypy-tests", "tests"),
    )


def bench(arguments: list[str]) -> int:
    return run("-m", f"benchmarks.{arguments[0]}", *arguments[1:])


def environments(arguments: list[str]) -> int:
    """In an environment of its own, of pip, uv and what reads requirements: nothing here needs torch."""
    folder = ROOT / ".cache" / "installers"
    scripts = folder / PYTHON.parent.name
    python = scripts / PYTHON.name
    if not (scripts / "installed.txt").is_file():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--upgrade", "pip", "packaging", "uv"], check=True)
        (scripts / "installed.txt").touch()
    path = os.pathsep.join([str(scripts), os.environ["PATH"]])
    command = [python, "-m", "tools.environments", *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | {"PATH": path}, check=False).returncode


def run(*arguments: str, **variables: str) -> int:
    return subprocess.run([PYTHON, *arguments], cwd=ROOT, env=os.environ | variables, check=False).returncode


COMMANDS = {
    "demo": demo,
    "test": test,
    "coverage": coverage,
    "types": types,
    "bench": bench,
    "environments": environments,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
