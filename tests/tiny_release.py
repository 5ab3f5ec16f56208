"""A named model of the tests' own: what the catalogue would say of the file that `github.serve(CONTENT)` gives."""

import hashlib

from github import CONTENT
from onnx_segmentation.sessions.recipes.catalog import CatalogEntry

ENTRY = CatalogEntry(
    "tiny", "tiny-release.onnx", "MIT", True, "tests", url="http://127.0.0.1:1/tiny-release.onnx",
    checksum=f"md5:{hashlib.md5(CONTENT).hexdigest()}", size_mb=1,
)  # fmt: skip
