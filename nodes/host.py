"""ComfyUI as the nodes see it: progress and cancel, device, page; its model folders are `comfyui_folders`'."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ..callbacks import OnFrame
from ..plain_text import LINE, plain
from ..sessions.downloads.comfyui_folders import (
    inside_comfyui,
    model_files,
    model_folders,
    model_path,
    register_model_folder,
)
from ..sessions.runtime.providers import PROVIDERS

__all__ = ["inside_comfyui", "model_files", "model_folders", "model_path", "register_model_folder"]

AUTO = "auto"
logger = logging.getLogger("onnx_segmentation")


def fingerprint(path: Path | None) -> str:
    """Changes when the model's file does; empty where there is none."""
    stat = path.stat() if path and path.is_file() else None
    return f"{stat.st_mtime_ns} {stat.st_size}" if stat else ""


def provider(choice: str = AUTO) -> str | None:
    """onnxruntime's name of the provider to ask for; auto: the CPU where ComfyUI runs on it, else whatever is best."""
    from comfy import model_management

    if choice != AUTO:
        return PROVIDERS[choice]
    return PROVIDERS["CPU"] if model_management.get_torch_device().type == "cpu" else None


def device() -> torch.device:
    """Where pictures are worked on without a model: ComfyUI's device if it is CUDA, else the CPU."""
    from comfy import model_management

    device: torch.device = model_management.get_torch_device()
    return device if device.type == "cuda" else torch.device("cpu")


def make_room(size: int) -> None:
    """Have ComfyUI give GPU memory back, at least `size` bytes, for onnxruntime, which it does not manage."""
    from comfy import model_management

    model_management.free_memory(size, model_management.get_torch_device())
    model_management.soft_empty_cache()


def progress(frames: int) -> OnFrame:
    """A function to call after each frame: moves the progress bar, and raises where the user has cancelled."""
    from comfy import utils

    bar = utils.ProgressBar(frames)

    def tick() -> None:
        bar.update(1)
        raise_if_cancelled()  # the bar itself asks only when it shows something, and newer ones skip steps

    return tick


def run_progress() -> Callable[[int, int], None]:
    """A function to call with the runs done of a model and the most that there will be: moves the progress bar."""
    from comfy import utils

    bar = utils.ProgressBar(100)
    return lambda done, most: bar.update_absolute(100 * done // most, 100)


def download_progress(node_id: str, name: str) -> Callable[[int, int], None]:
    """A function to call with the bytes done and in all: moves the progress bar, and says so on the node."""
    from comfy import utils

    bar = utils.ProgressBar(100)

    def tick(done: int, total: int) -> None:
        if total:
            bar.update_absolute(100 * done // total, 100)
        show_on_node(node_id, f"downloading {name}: {done / 1e6:.1f} of {total / 1e6:.1f} MB")

    return tick


def raise_if_cancelled() -> None:
    """Raises ComfyUI's own exception where the user has pressed cancel."""
    from comfy import model_management

    model_management.throw_exception_if_processing_interrupted()


def show_text(node_id: str, text: str) -> None:
    """Log text, and show it on the node in the page; each line of a report is a record of its own."""
    for line in text.splitlines():
        logger.info(line)
    show_on_node(node_id, text)


def show_on_node(node_id: str, text: str) -> None:
    """Show text on the node in the page, which takes it for HTML: whatever others wrote in it is made plain."""
    page = page_server()
    if node_id and hasattr(page, "send_progress_text"):
        page.send_progress_text("\n".join(plain(line, LINE) for line in text.splitlines()), node_id)


def page_server() -> Any:
    """ComfyUI's server, which the page talks to; None where ComfyUI's modules run without it."""
    return getattr(getattr(sys.modules.get("server"), "PromptServer", None), "instance", None)


def has_page() -> bool:
    """Whether a page, or a program that listens as one does, queued the run."""
    return bool(getattr(page_server(), "client_id", None))


def send_to_page(event: str, data: dict[str, Any]) -> None:
    """Tell the page that queued the run; only where `has_page`."""
    page = page_server()
    page.send_sync(event, data, page.client_id)
