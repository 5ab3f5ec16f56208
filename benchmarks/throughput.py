"""Pictures a second of folder commands: rembg's `rembg p`, and this package's, on threads and on Ray Data.

Same JPEGs, same u2netp file, PNG out, with rembg's compression and with our own. Each command runs in a process that
has imported and run it before, on small folders in turn with the others, so that whatever else the machine does falls
on all alike. CPU s: processor time a picture, which neighbours do not change much. Ray starts its workers anew for each
folder: it is timed on folders of two sizes, beside the same command on threads, and the difference is its rate.
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

# Reads lines "folder of pictures <tab> folder of results", answers each with its processor seconds.
SERVE = """
import os, sys, time
from contextlib import redirect_stdout
{setup}
for line in sys.stdin:
    source, output = line.rstrip().split("\\t")
    start = time.process_time()
    with redirect_stdout(sys.stderr):
        run(source, output)
    print(time.process_time() - start, flush=True)
"""
# rembg.commands imports a web server for `rembg s`; `rembg p` does without.
REMBG = """
import types, importlib.util
package = types.ModuleType("rembg.commands")
package.__path__ = [importlib.util.find_spec("rembg").submodule_search_locations[0] + "/commands"]
sys.modules["rembg.commands"] = package
from rembg.commands.p_command import p_command
run = lambda source, output: p_command({options} + [source, output], standalone_mode=False)
"""
OURS = """
from onnx_segmentation.commands import main
run = lambda source, output: main(["cutout", source, "--output", output, *{options}])
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=12, help="in each folder")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--matting", action="store_true")
    parser.add_argument("--jobs", type=int, default=2, help="of this package, and Ray's workers")
    parser.add_argument("--ray", action="store_true", help="compare Ray with threads, on 32 and 32 + PICTURES pictures")
    options = parser.parse_args()
    print_header(__doc__)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "onnx_segmentation").symlink_to(ROOT)
        (compare_ray if options.ray else compare)(folder, options)


def compare(folder, options):
    source = pictures(folder / "in", options.pictures)
    servers = {name: serve(folder, code) for name, code in contenders(options).items()}
    times = {name: [] for name in servers}
    for number in range(options.rounds + 1):  # the first is for warming up
        for name, server in servers.items():
            times[name].append(ask(server, source, folder / f"{name} {number}"))
    for server in servers.values():
        server.stdin.close()
        server.wait()
    report({name: values[1:] for name, values in times.items()}, options.pictures)


def contenders(options):
    model = str(fetch("u2netp"))
    ours, theirs = ["--model", model, "--quiet", "--jobs", str(options.jobs)], ["-m", "u2netp"]
    if options.matting:
        ours, theirs = [*ours, "--alpha-matting"], [*theirs, "-a", "-ab", "20"]
    like_rembg = [*ours, "--compression", "6"]  # Pillow's default, at which rembg writes
    return {
        "rembg p": REMBG.format(options=theirs),
        "cutout, PNG level 6": OURS.format(options=like_rembg),
        "cutout": OURS.format(options=ours),
    }


def pictures(folder, count):
    """JPEGs of 1024 x 1024."""
    folder.mkdir()
    for number in range(count):
        sample(number % 8).save(folder / f"{number:05}.jpg", quality=92)
    return folder


def environment(folder):
    return os.environ | {"U2NET_HOME": str(fetch("u2netp").parent), "PYTHONPATH": str(folder)}


def serve(folder, code):
    command = [sys.executable, "-c", SERVE.format(setup=code)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    return subprocess.Popen(command, env=environment(folder), **pipes)


def ask(server, source, output):
    """-> (seconds, processor seconds)"""
    start = time.perf_counter()
    server.stdin.write(f"{source}\t{output}\n")
    server.stdin.flush()
    cpu = float(server.stdout.readline())
    seconds = time.perf_counter() - start
    check(source, output)
    return seconds, cpu


def check(source, output):
    if {path.stem for path in output.glob("*.png")} != {path.stem for path in source.iterdir()}:
        raise RuntimeError(f"{output.name}: pictures are left out")


def report(times, count):
    print(f"{'':20s}{'pictures/s':>12s}{'x rembg p':>11s}{'lowest':>8s}{'highest':>9s}{'CPU s':>8s}")
    for name, values in times.items():
        ratios = [base / own for (own, _), (base, _) in zip(values, times["rembg p"], strict=True)]
        rate = count / statistics.median(seconds for seconds, _ in values)
        cpu = statistics.median(cpu for _, cpu in values) / count
        print(f"{name:20s}{rate:12.2f}{statistics.median(ratios):11.2f}{min(ratios):8.2f}{max(ratios):9.2f}{cpu:8.2f}")


def compare_ray(folder, options):
    few, many = pictures(folder / "few", 32), pictures(folder / "many", 32 + options.pictures)
    engines = {"threads": ["--jobs", str(options.jobs)], "ray": ["--engine", "ray", "--ray-workers", str(options.jobs)]}
    rates = {name: [] for name in engines}
    for number in range(options.rounds):
        for name, engine in engines.items():
            short, long = (
                command(folder, engine, each, folder / f"{name} {number} {each.name}") for each in (few, many)
            )
            rates[name].append(options.pictures / (long - short))
            print(
                f"round {number + 1}, {name}: {short:.1f} s, {long:.1f} s, {rates[name][-1]:.2f} a second", flush=True
            )
    ratios = [ray / threads for ray, threads in zip(rates["ray"], rates["threads"], strict=True)]
    print(f"ray / threads: median {statistics.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}")


def command(folder, engine, source, output):
    """Seconds of the whole command."""
    line = [sys.executable, "-m", "onnx_segmentation", "cutout", str(source), "--output", str(output), "--quiet"]
    start = time.perf_counter()
    model = ["--model", str(fetch("u2netp"))]
    subprocess.run([*line, *model, *engine], check=True, env=environment(folder), capture_output=True)
    check(source, output)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
