"""Models that are picked by name: the file each one needs and the numbers rembg runs it with.

Source: rembg 2.0.86, sessions/*.py.
"""

from dataclasses import dataclass

from .container import IMAGENET_MEAN, IMAGENET_STD, CustomSessionContainer

U2NET = CustomSessionContainer(IMAGENET_MEAN, IMAGENET_STD, 320, 320)
ISNET = CustomSessionContainer((0.5, 0.5, 0.5), (1.0, 1.0, 1.0), 1024, 1024)
ISNET_ANIME = CustomSessionContainer(IMAGENET_MEAN, (1.0, 1.0, 1.0), 1024, 1024)


@dataclass(frozen=True)
class NamedModel:
    """A model's file name and its normalization container."""

    file: str
    container: CustomSessionContainer


NAMED_MODELS = {
    "u2net": NamedModel("u2net.onnx", U2NET),
    "u2netp": NamedModel("u2netp.onnx", U2NET),
    "u2net_human_seg": NamedModel("u2net_human_seg.onnx", U2NET),
    "silueta": NamedModel("silueta.onnx", U2NET),
    "isnet-general-use": NamedModel("isnet-general-use.onnx", ISNET),
    "isnetis": NamedModel("isnet-anime.onnx", ISNET_ANIME),
}
