"""Milliseconds of one core, and bytes, for each stage of a picture in a folder run; u2netp, 1024 x 1024.

What docs/SCALING.md is built from.
"""

import argparse
import io
import statistics
import time

from tools.models import fetch
from tools.pack import load_pack

from .pipeline import sample
from .timing import print_header

FORMS = {
    "PNG, level 6": {"compression": 6},
    "PNG, level 4": {"compression": 4},
    "PNG, level 1": {"compression": 1},
    "WebP, lossless": {"format": "webp"},
    "WebP, quality 90": {"format": "webp", "quality": 90},
    "mask, PNG": {"mask": True},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    load_pack()
    from onnx_segmentation.batch.cores import share_cores

    print_header(__doc__)
    with share_cores(1, 1):
        report(measure(rounds))


def measure(rounds):
    """-> {stage: ([ms], [bytes])}"""
    from onnx_segmentation.pictures.write import ResultForm, encode
    from onnx_segmentation.stages import record

    found = {}
    plain, matting = workers()
    for number in range(4 * rounds):
        data = jpeg(number % 8)
        picture = timed(found, "read JPEG", lambda data=data: plain.read(data), len(data))
        for name, worker in (("cut out", plain), ("cut out with matting", matting)):
            with record() as stages:
                cut = timed(found, name, lambda worker=worker, picture=picture: worker.cut(picture))
            for stage, seconds in stages.items():
                found.setdefault(f"  {name}: {stage}", ([], []))[0].append(seconds * 1000)
        for name, settings in FORMS.items():
            result = timed(found, f"write {name}", lambda s=settings, cut=cut: encode(cut.rgba, ResultForm(**s)))
            found[f"write {name}"][1].append(len(result))
    return found


def workers():
    from onnx_segmentation.batch.job import Job
    from onnx_segmentation.batch.worker import Worker
    from onnx_segmentation.cutouts import CutoutOptions
    from onnx_segmentation.refine import RefineOptions
    from onnx_segmentation.sessions.recipes.presets import preset

    path, recipe = fetch("u2netp"), preset("u2net")
    return [Worker(Job(path, recipe, CutoutOptions(RefineOptions(matting)))) for matting in (False, True)]


def jpeg(number):
    file = io.BytesIO()
    sample(number).save(file, "JPEG", quality=92)
    return file.getvalue()


def timed(found, name, run, size=None):
    start = time.perf_counter()
    result = run()
    times, sizes = found.setdefault(name, ([], []))
    times.append((time.perf_counter() - start) * 1000)
    if size:
        sizes.append(size)
    return result


def report(found):
    print(f"{'median':44s}{'ms':>8s}{'kB':>8s}")
    for name, (times, sizes) in found.items():
        size = f"{statistics.mean(sizes) / 1000:8.0f}" if sizes else ""
        print(f"{name:44s}{statistics.median(times):8.0f}{size}")


if __name__ == "__main__":
    main()
