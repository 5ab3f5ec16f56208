"""Pictures a second of folder commands: rembg's `rembg p`, this package's, and this package's on Ray Data.

Same JPEGs, same u2netp file, PNG out with the same compression. Each command runs on a few pictures and on all of
them, in turn with the others: the difference is the rate once it has started.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.models import fetch
from tools.pack import ROOT

from .pipeline import sample
from .timing import print_header

FEW = 32  # on Ray as many as make every worker start
# rembg.commands imports a web server for `rembg s`; `rembg p` does without.
REMBG = """
import sys, types, importlib.util
package = types.ModuleType("rembg.commands")
package.__path__ = [importlib.util.find_spec("rembg").submodule_search_locations[0] + "/commands"]
sys.modules["rembg.commands"] = package
from rembg.commands.p_command import p_command
p_command()
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--matting", action="store_true", help="with alpha matting (takes several times as long)")
    parser.add_argument("--jobs", type=int, default=2, help="of this package, and Ray's workers")
    parser.add_argument("--no-ray", action="store_true")
    options = parser.parse_args()
    print_header(__doc__)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, everything = (
            pictures(folder / "few", min(FEW, options.pictures // 3)),
            pictures(folder / "all", options.pictures),
        )
        report(rounds(folder, few, everything, options))


def pictures(folder, count):
    """JPEGs of 1024 x 1024."""
    folder.mkdir()
    for number in range(count):
        sample(number % 8).save(folder / f"{number:05}.jpg", quality=92)
    return folder


def rounds(folder, few, everything, options):
    """-> {command: [(pictures a second once started, seconds of the whole run) of each round]}"""
    found = {}
    for number in range(options.rounds):
        for name, command in commands(folder, options).items():
            short, long = (run(command, each, folder / f"{name} {number} {each.name}") for each in (few, everything))
            more = len(list(everything.iterdir())) - len(list(few.iterdir()))
            found.setdefault(name, []).append((more / (long - short), long))
            print(f"  round {number + 1}, {name}: {short:.1f} s, {long:.1f} s", flush=True)
    return found


def commands(folder, options):
    """By name: the command line, up to the folders of inputs and results."""
    (folder / "onnx_segmentation").is_symlink() or (folder / "onnx_segmentation").symlink_to(ROOT)
    model = fetch("u2netp")
    ours = [sys.executable, "-m", "onnx_segmentation", "cutout", "--model", str(model), "--quiet"]
    theirs = [sys.executable, "-c", REMBG, "-m", "u2netp"]
    if options.matting:
        ours, theirs = [*ours, "--alpha-matting"], [*theirs, "-a", "-ab", "20"]
    found = {"rembg p": theirs, "cutout": [*ours, "--jobs", str(options.jobs)]}
    if not options.no_ray:
        found["cutout on ray"] = [*ours, "--engine", "ray", "--ray-workers", str(options.jobs)]
    return found


def run(command, source, output):
    """Seconds. Raises where not every picture has its output."""
    environment = os.environ | {"U2NET_HOME": str(fetch("u2netp").parent), "PYTHONPATH": str(output.parent)}
    folders = [str(source), str(output)] if "-c" in command else [str(source), "--output", str(output)]
    start = time.perf_counter()
    subprocess.run([*command, *folders], check=True, env=environment, capture_output=True)
    seconds = time.perf_counter() - start
    expected = {path.stem for path in source.iterdir()}
    if {path.stem for path in output.glob("*.png")} != expected:
        raise RuntimeError(f"{command[:6]} left pictures out")
    return seconds


def report(found):
    print(f"\n{'':16s}{'pictures/s':>12s}{'x rembg p':>11s}{'x cutout':>10s}{'whole run, s':>14s}")
    for name, values in found.items():
        rates = [rate for rate, _ in values]
        over = [
            statistics.median(a / b[0] for a, b in zip(rates, found[base], strict=True))
            for base in ("rembg p", "cutout")
        ]
        whole = statistics.median(seconds for _, seconds in values)
        print(f"{name:16s}{statistics.median(rates):12.2f}{over[0]:11.2f}{over[1]:10.2f}{whole:14.1f}")


if __name__ == "__main__":
    main()
