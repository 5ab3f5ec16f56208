"""rembg's own sessions, for models that the catalogue lacks: sam, and whatever a later rembg brings.

rembg is imported when one is run, after onnxruntime was found: without that, importing rembg ends the process. Their
names are read from its source, so that listing them costs no import. Source: rembg 2.0.86, sessions/base.py.
"""

from __future__ import annotations

import ast
import importlib.util
import logging
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..callbacks import RaiseIfCancelled
from ..environment import OFFLINE, offline
from ..errors import RembgError
from ..imaging.convert import from_pil, to_pil, to_values
from ..packages import add
from ..stages import stage
from .masks import Masks, Probabilities
from .pixels.decode import Span
from .recipes.catalog import find_model
from .runtime.library import CPU, load_onnxruntime
from .runtime.memory import release_torch_cache

logger = logging.getLogger("onnx_segmentation")

REMBG = "rembg>=2.0.70"  # those before demand opencv-python-headless, whatever owns cv2
CLOUD = {"withoutbg", "atlascloud"}  # by name, for a rembg too old to say so itself
RETURNED = re.compile(r"""return ["']([\w.-]+)["']""")
UNKNOWN_SCALE = 3.0  # of the picture's pixels to the model's: a megapixel from 320 x 320
NETWORK = {"urllib", "http", "requests", "httpx", "aiohttp"}


class RembgSession:
    """A session of rembg behind the interface of `CustomSession`. provider: CPUExecutionProvider, or None for rembg's
    own choice. Several masks of one picture become one.

    Raises RuntimeMissingError, and RembgError where rembg lacks the session, cannot be imported, or would send pictures
    away.
    """

    per_class = False

    def __init__(self, name: str, provider: str | None = None) -> None:
        load_onnxruntime()
        self.name, self.path, self.make_room = name, Path(f"rembg's {name}"), release_torch_cache
        self.asked = provider
        kind = _find_class(name)
        if offline() and not _is_there(kind):
            raise RembgError(f"rembg has no file of {name} yet, and {OFFLINE} is set: run it once online")
        self._kind, self.bytes = kind, 0  # how large it is nobody says
        self._options: dict[str, Any] = {"providers": [provider]} if provider == CPU else {}
        self._session: Any = None
        self._opened()

    @property
    def is_loaded(self) -> bool:
        return self._session is not None

    def unload(self) -> None:
        """Give the memory back; the next run loads it again."""
        self._session = None

    def _opened(self) -> Any:
        if self._session is None:
            with stage("load model"):
                self._session = _new_session(self._kind, self.name, self._options)
        return self._session

    @property
    def provider(self) -> str:
        """What onnxruntime says, as far as this session of rembg tells."""
        session = self._opened()
        inner = getattr(session, "inner_session", None) or getattr(session, "encoder", None)
        return str(inner.get_providers()[0]) if inner else "rembg"

    @property
    def device(self) -> torch.device:
        """rembg takes pictures from the CPU, whatever runs its model."""
        return torch.device("cpu")

    def for_run(self, classes: str = "", plate: Tensor | None = None, per_class: bool = False) -> RembgSession:
        """Itself. Raises RembgError for classes or a plate, of which rembg's sessions know nothing."""
        del per_class
        if classes.strip() or plate is not None:
            name = "classes" if classes.strip() else "plate"
            raise RembgError(f"{self.path} is run by rembg, which takes no {name}: leave it empty, or use a file")
        return self

    def class_names(self) -> Mapping[int, str]:
        """None: all masks become one."""
        return {}

    @property
    def held(self) -> RembgSession:
        """What takes memory, and can give it back between runs."""
        return self

    def on_cpu(self) -> RembgSession:
        return RembgSession(self.name, CPU)

    def frames_at_once(self, *_: int) -> int:
        return 1

    def bytes_per_frame(self, *_: int) -> int:
        """Unknown."""
        return 0

    def segment(
        self,
        frames: Tensor,
        span: Span | None = None,
        raise_if_cancelled: RaiseIfCancelled | None = None,
        release_memory: bool = True,
    ) -> Masks:
        """Pictures [B, H, W, 3] uint8 -> the lightest of rembg's masks at each pixel. confidence: of what rembg gives,
        which is stretched in most of its sessions. raise_if_cancelled: called between frames."""
        del span, release_memory
        masks = []
        for frame in frames:
            if raise_if_cancelled:
                raise_if_cancelled()
            with stage("model"):
                masks.append(self._mask(frame))
        return Masks(torch.stack(masks), [float(mask.max()) / 255 for mask in masks])

    @property
    def looks_twice(self) -> bool:
        return True

    def probabilities(
        self,
        frames: Tensor,
        raise_if_cancelled: RaiseIfCancelled | None = None,
        release_memory: bool = True,
    ) -> Probabilities:
        """rembg's masks, which are 8-bit and stretched."""
        masks = self.segment(frames, None, raise_if_cancelled, release_memory)
        return Probabilities(to_values(masks.masks), masks.confidence, UNKNOWN_SCALE)

    def span(self, *_: object) -> Span:
        """rembg's masks are stretched already."""
        return 0.0, 1.0

    def _mask(self, frame: Tensor) -> Tensor:
        masks = [from_pil(mask)[..., 0] for mask in self._opened().predict(to_pil(frame))]
        return torch.stack(masks).amax(0)


@cache
def rembg_names() -> tuple[str, ...]:
    """rembg's sessions that run on this machine, need nothing but their name, and are not in the catalogue."""
    spec = importlib.util.find_spec("rembg")
    folders = list(spec.submodule_search_locations or []) if spec else []
    names = {name for folder in folders for file in Path(folder, "sessions").glob("*.py") for name in _names(file)}
    return tuple(sorted(name for name in names - CLOUD if not find_model(name)))


def _names(file: Path) -> Iterator[str]:
    """The names of the session classes of a source file, but of those that need more than a name."""
    try:
        source = file.read_text(encoding="utf-8")
        words = set(RETURNED.findall(source))
        if len(words) == 1 and find_model(*words):
            return  # the catalogue's: spare the parsing, which takes most of the time
        tree = ast.parse(source)
    except (OSError, SyntaxError, UnicodeDecodeError):
        return
    if {name.partition(".")[0] for name in _imports(tree)} & NETWORK:
        return
    for kind in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        methods = {item.name: item for item in kind.body if isinstance(item, ast.FunctionDef)}
        name = _returned(methods.get("name"))
        remote = _returned(methods.get("is_local")) is False or _returned(methods.get("requires_credentials")) is True
        if isinstance(name, str) and not remote and not name.endswith("_custom"):
            yield name


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _returned(method: ast.FunctionDef | None) -> object:
    """The constant that a method returns, if that is what it does."""
    last = method.body[-1] if method else None
    return last.value.value if isinstance(last, ast.Return) and isinstance(last.value, ast.Constant) else None


def _find_class(name: str) -> Any:
    try:
        from rembg.sessions import sessions_class
    except ImportError as error:
        raise RembgError(f"{name} needs rembg, which cannot be imported ({error}): {add(REMBG)}") from error
    kind = next((each for each in sessions_class if each.name() == name), None)
    if kind is None:
        raise RembgError(f"this rembg has no session {name!r}; pick another model, or update rembg")
    if name in CLOUD or not getattr(kind, "is_local", lambda: True)() or _needs_key(kind):
        raise RembgError(f"rembg's {name} sends pictures to a server: this pack never does")
    return kind


def _needs_key(kind: Any) -> bool:
    return bool(getattr(kind, "requires_credentials", lambda: False)())


def _is_there(kind: Any) -> bool:
    """Whether rembg has fetched something for this session."""
    folder = Path(kind.model_dir()) if hasattr(kind, "model_dir") else Path(kind.u2net_home())
    return folder.is_dir() and any(file.suffix == ".onnx" for file in folder.iterdir())


def _new_session(kind: Any, name: str, options: dict[str, Any]) -> Any:
    logger.info(f"rembg's own session of {name}; rembg downloads its file to its own folder, if it is not there")
    try:
        return kind(name, load_onnxruntime().SessionOptions(), **options)
    except (ImportError, OSError, ValueError) as error:
        raise RembgError(f"rembg cannot make its session {name}: {error}") from error
