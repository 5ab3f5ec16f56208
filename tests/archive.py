"""What `comfy node pack` makes: the files that git tracks, less those of .comfyignore."""

import shutil
import subprocess

import pathspec
from support import ROOT


def tracked_files():
    """The checkout's files as git knows them, relative to it."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def packed_files():
    """Source: comfy-cli 1.23, file_utils.py (`zip_files`)."""
    left_out = pathspec.GitIgnoreSpec.from_lines((ROOT / ".comfyignore").read_text().splitlines())
    return [name for name in tracked_files() if not left_out.match_file(name)]


def pack_into(folder):
    for name in packed_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    return folder
