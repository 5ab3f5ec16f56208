"""`python -m onnx_segmentation COMMAND`; or `python FOLDER COMMAND`, with this folder's path, whatever its name."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

NAME = "onnx_segmentation"
FOLDER = Path(__file__).parent.absolute()


def load_main() -> Callable[..., int]:
    """The command line of the package, which ComfyUI's folder custom_nodes holds under any name."""
    # Python puts the folder first: its modules have names (errors, commands) that others have, too.
    sys.path[:] = [entry for entry in sys.path if Path(entry).absolute() != FOLDER]
    spec = importlib.util.spec_from_file_location(NAME, FOLDER / "__init__.py")
    assert spec and spec.loader
    package = sys.modules[NAME] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    main: Callable[..., int] = importlib.import_module(f"{NAME}.commands").main
    return main


def run() -> int:
    try:
        if __package__:
            from .commands import main
        else:
            main = load_main()
        from onnx_segmentation.shell import own_command

        return main(prog=own_command())
    except ModuleNotFoundError as error:
        if error.name not in ("numpy", "torch"):
            raise
        sys.exit(f"{error.name} is not installed in {sys.executable}: use the Python that runs ComfyUI")


if __name__ == "__main__":
    sys.exit(run())
