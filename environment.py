"""Every environment variable that the pack reads or sets; `python -m tools.variables` writes the page about them."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Variable:
    """name: as the system has it. default: what holds while it is not set. meaning: what a value does."""

    name: str
    default: str
    meaning: str

    def __str__(self) -> str:
        return self.name

    @property
    def is_set(self) -> bool:
        """Whether it is there, empty or not."""
        return self.name in os.environ

    @property
    def value(self) -> str:
        """Its text; empty if it is not set."""
        return os.environ.get(self.name, "")

    @property
    def is_on(self) -> bool:
        """Whether it is set to anything but nothing or 0."""
        return self.value not in ("", "0")

    @property
    def folder(self) -> Path | None:
        """The folder that it names, with `~` for the user's home; None if it is not set or empty."""
        return expand(self.value) if self.value else None

    def set_default(self, value: str) -> None:
        """Set it, unless the user has."""
        os.environ.setdefault(self.name, value)


CACHE = Variable(
    "ONNX_SEGMENTATION_CACHE",
    "`onnx_segmentation` in the user's cache folder",
    "a folder: compiled kernels and TensorRT's engines are kept there, in subfolders of ours; empty: nothing is kept",
)
MODELS = Variable(
    "ONNX_SEGMENTATION_MODELS",
    "ComfyUI's `models/onnx`; outside ComfyUI `.onnx_segmentation/models` in the user's home",
    "the folder of the models outside ComfyUI",
)
MIRROR = Variable(
    "ONNX_SEGMENTATION_MIRROR",
    "each model's own URL",
    "a URL prefix: `<prefix>/<file>` is fetched instead (checksums stay)",
)
OFFLINE = Variable("ONNX_SEGMENTATION_OFFLINE", "0", "1: nothing is ever downloaded")
ANY_CHECKSUM = Variable(
    "MODEL_CHECKSUM_DISABLED",
    "not set",
    "rembg's: a named model's file with another checksum is used, with a warning",
)
TELEMETRY = Variable(
    "ORT_DISABLE_TELEMETRY",
    "1, set by us",
    "onnxruntime's: 1 keeps it from sending events to its makers and from writing an id of this device; 0 lets it",
)
RAY_STATISTICS = Variable("RAY_USAGE_STATS_ENABLED", "0, set by us", "Ray's: 1 lets it report its use to its makers")
RAY_ADDRESS = Variable("RAY_ADDRESS", "Ray starts on this machine", "Ray's: the cluster for `--engine ray`")
U2NET_HOME = Variable("U2NET_HOME", "`.u2net` in the user's home", "rembg's folder of models, which is only read")
REMBG_HOME = Variable("REMBG_HOME", "`.rembg` in the user's home", "rembg's newer folder, which is only read")
XDG_DATA_HOME = Variable("XDG_DATA_HOME", "the user's home", "where rembg's folders are, if it is set")
XDG_CACHE_HOME = Variable("XDG_CACHE_HOME", "`.cache` in the user's home", "the user's cache folder (Linux)")
LOCALAPPDATA = Variable("LOCALAPPDATA", "`AppData/Local` in the user's home", "the user's cache folder (Windows)")

VARIABLES = (
    CACHE, MODELS, MIRROR, OFFLINE, ANY_CHECKSUM, TELEMETRY, RAY_STATISTICS, RAY_ADDRESS, U2NET_HOME, REMBG_HOME,
    XDG_DATA_HOME, XDG_CACHE_HOME, LOCALAPPDATA,
)  # fmt: skip


def offline() -> bool:
    """Whether the user forbids every download."""
    return OFFLINE.is_on


def home() -> Path | None:
    """The user's home; None where the system knows none, as for an unknown user in a container without HOME."""
    path = expand("~")
    return path if path.is_absolute() and os.environ.get("HOME") != "" else None


def users_cache_folder() -> Path | None:
    """Where the user's programs keep what they can make again; None without a home."""
    named = LOCALAPPDATA.folder if sys.platform == "win32" else XDG_CACHE_HOME.folder
    if named and named.is_absolute() and sys.platform != "darwin":
        return named
    folder = {"win32": "AppData/Local", "darwin": "Library/Caches"}.get(sys.platform, ".cache")
    base = home()
    return base and base / folder


def comfyui_folder() -> Path | None:
    """The ComfyUI in whose `custom_nodes` this pack lies; None outside one."""
    folder = Path(__file__).absolute().parents[2]  # without following a link, by which the pack may lie there
    return folder if (folder / "folder_paths.py").is_file() else None


def expand(text: str) -> Path:
    """A path with `~` for the user's home. Without a home it stays as it is, where `Path.expanduser` raises."""
    return Path(os.path.expanduser(text))  # noqa: PTH111
