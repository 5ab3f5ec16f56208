"""The environments that `dev.py environments` tries, as users have them: packages and versions seen in ComfyUI's."""

from dataclasses import dataclass, field

OLD = "numpy==1.26.4", "pillow==10.4.0", "scipy==1.13.1", "requests==2.31.0", "filelock==3.13.1"
RECENT = "numpy==2.2.6", "pillow==11.3.0", "scipy==1.15.3", "requests==2.32.5", "filelock==3.19.1"
NEWEST = "numpy", "pillow", "scipy", "requests", "filelock", "urllib3", "packaging", "protobuf"
ABOVE_CAP = "numpy above numba's cap"


@dataclass(frozen=True)
class Environment:
    """What is there before. pythons: those that these packages have wheels for. torch is a name and a version alone.

    pip, uv: their options for another platform; markers: what that platform says of itself.
    """

    packages: tuple[str, ...]
    torch: str
    pythons: tuple[str, ...] = ("3.11", "3.12", "3.13")
    pip: tuple[str, ...] = ()
    uv: tuple[str, ...] = ()
    markers: dict[str, str] = field(default_factory=dict)


ENVIRONMENTS = {
    "old ComfyUI": Environment((*OLD, "opencv-python==4.10.0.84"), "2.3.1", ("3.11", "3.12")),
    "old numba": Environment(
        (*OLD, "opencv-python==4.10.0.84", "numba==0.59.1", "llvmlite==0.42.0"), "2.3.1", ("3.11", "3.12")
    ),
    "contrib only": Environment((*RECENT, "opencv-contrib-python==4.11.0.86"), "2.7.1"),
    "headless only": Environment((*RECENT, "opencv-python-headless==4.11.0.86"), "2.7.1"),
    "onnxruntime for CUDA 12": Environment(
        (*RECENT, "onnxruntime-gpu==1.22.0", "protobuf==4.25.8", "coloredlogs", "flatbuffers", "sympy", "packaging"),
        "2.7.1",
    ),
    "matting packages": Environment(
        (*RECENT, "opencv-python==4.11.0.86", "numba==0.61.2", "llvmlite==0.44.0", "pymatting==1.1.14"), "2.7.1"
    ),
    ABOVE_CAP: Environment(("pillow", "scipy", "requests", "filelock", "opencv-python"), "2.13.0"),
    "Intel Mac": Environment(
        (*OLD, "opencv-python==4.10.0.84"),
        "2.2.2",
        ("3.11", "3.12"),
        pip=("--platform=macosx_14_0_x86_64", "--only-binary=:all:"),
        uv=("--python-platform=x86_64-apple-darwin",),
        markers={"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "x86_64"},
    ),
    "newest": Environment((*NEWEST, "opencv-python"), "2.13.0"),
}
