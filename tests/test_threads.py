"""Threads of a model: what the system and a container's quota give, one per core."""

import os

import pytest
from onnx_segmentation.sessions.runtime.cores import usable_cores
from onnx_segmentation.sessions.runtime.create import session_options

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux tells")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Pretend: so many CPUs of which this process may use some, two to a core if they are threads, and a quota."""

    def pretend(allowed, pairs=False, files=None):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(allowed)))
        for cpu in range(allowed):
            siblings = tmp_path / "cpu" / f"cpu{cpu}" / "topology" / "thread_siblings_list"
            siblings.parent.mkdir(parents=True)
            siblings.write_text(f"{cpu // 2 * 2}-{cpu // 2 * 2 + 1}\n" if pairs else f"{cpu}\n")
        for name, text in (files or {}).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return usable_cores.__wrapped__(str(tmp_path / "cpu"), str(tmp_path))

    return pretend


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu.max": "200000 100000\n"}, 2),
        ({"cpu.max": "250000 100000\n"}, 3),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu.max": "6400000 100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
    ],
    ids=str,
)
def test_a_containers_quota_counts(machine, files, cores):
    assert machine(8, files=files) == cores


def test_two_threads_of_one_core_are_one(machine):
    assert machine(8, pairs=True) == 4


def test_onnxruntime_is_told():
    assert session_options().intra_op_num_threads == usable_cores() >= 1
