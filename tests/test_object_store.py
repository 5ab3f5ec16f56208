"""Object storage: whole objects, few requests, errors of single objects as rows; a folder plays its part."""

import io
from collections import Counter

import pytest
from onnx_segmentation.batch.inputs import Found
from onnx_segmentation.batch.object_store import ROWS, ObjectStore, read_object
from onnx_segmentation.batch.outcome import Outcome
from onnx_segmentation.batch.plan import CLOCKS, State
from onnx_segmentation.batch.record import FOLDER, Record
from onnx_segmentation.batch.stamps import Stamp

pa = pytest.importorskip("pyarrow")
from onnx_segmentation.batch import ray_cluster, storage, task_table  # noqa: E402
from onnx_segmentation.batch.run import Again, begin  # noqa: E402
from onnx_segmentation.batch.storage import Place, find_stored, open_place  # noqa: E402
from onnx_segmentation.batch.task import Task  # noqa: E402
from onnx_segmentation.errors import InputsError  # noqa: E402
from pyarrow import fs  # noqa: E402


class Counting:
    """A file system that counts what is asked of it, and forbids some paths."""

    type_name = "counting"

    def __init__(self, folder, forbidden=()):
        self._inner = fs.SubTreeFileSystem(str(folder), fs.LocalFileSystem())
        self._forbidden = forbidden
        self.calls = Counter()

    def __getattr__(self, name):
        def call(*args, **named):
            self.calls[name] += 1
            if any(word in str(getattr(args[0], "base_dir", args[0])) for word in self._forbidden):
                raise OSError(f"AWS Error ACCESS_DENIED: {args[0]}")
            return getattr(self._inner, name)(*args, **named)

        return call

    def equals(self, other):
        return self is other


@pytest.fixture
def bucket(tmp_path):
    for name in ("in/p00/a.jpg", "in/p00/b.jpg", "in/p01/a.jpg", "in/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "out" / FOLDER).mkdir(parents=True)
    return tmp_path


def open_in(filesystem):
    return lambda name: Place(name, filesystem, name.partition("://")[2])


def test_objects_that_cannot_be_listed_are_rows(bucket, monkeypatch):
    filesystem = Counting(bucket, forbidden=["p01"])
    monkeypatch.setattr(storage, "open_place", open_in(filesystem))
    names = ["s3://in/p00", "s3://in/p01", "s3://in/none.jpg"]
    _, found = find_stored(names, storage.open_place("s3://out"))
    assert found.paths == ["in/p00/a.jpg", "in/p00/b.jpg"]
    assert [(lost.input, lost.error.partition(":")[0]) for lost in found.lost] == [
        ("in/p01", "OSError"), ("in/none.jpg", "there is no s3"),
    ]  # fmt: skip
    assert Place("s3://bucket/a?secret_key=1", filesystem, "bucket/a").shown == "s3://bucket/a"
    with pytest.raises(InputsError, match="no pictures in s3://in/p01; in/p01: OSError: AWS Error ACCESS_DENIED"):
        find_stored(names[1:2], storage.open_place("s3://out"))


def test_a_picture_is_read_and_a_result_written_at_once(bucket):
    filesystem = Counting(bucket)
    store = ObjectStore(filesystem, "out")
    (bucket / "out" / "p00").mkdir()
    announced = []
    assert read_object(filesystem, "in/p00/a.jpg") == b"x"
    store.write("p00/a.png", b"result", "image/png", announced.append)
    assert announced == [Stamp(6, -1)] and (bucket / "out" / "p00" / "a.png").read_bytes() == b"result"
    assert filesystem.calls == {"open_input_stream": 1, "open_output_stream": 1}


def test_media_types_are_told(bucket, monkeypatch):
    told = []
    filesystem = Counting(bucket)
    monkeypatch.setattr(
        Counting, "open_output_stream", lambda *_, metadata: told.append(metadata) or io.BytesIO(), raising=False
    )
    ObjectStore(filesystem, "out").write("a.webp", b"", "image/webp", lambda _: None)
    assert told == [{"Content-Type": "image/webp"}]


def test_rows_are_put_some_thousand_at_a_time(bucket):
    filesystem = Counting(bucket)
    record = Record(ObjectStore(filesystem, "out"), "")
    for number in range(ROWS + 5):
        record.add(Outcome(f"in/{number}.jpg", f"{number}.png", "done"))
    assert filesystem.calls["open_output_stream"] == 1
    record.close()
    assert len(Record(ObjectStore(filesystem, "out"), "").seen) == ROWS + 5
    assert len(list((bucket / "out" / FOLDER).iterdir())) == 2
    before = filesystem.calls.copy()
    Record(ObjectStore(filesystem, "out"), "").close()  # nothing new: nothing is written anew
    assert filesystem.calls["open_output_stream"] == before["open_output_stream"]


def test_many_folders_are_listed_at_once(bucket):
    filesystem = Counting(bucket)
    store = ObjectStore(filesystem, "out")
    for number in range(40):
        (bucket / "out" / f"{number}").mkdir()
        (bucket / "out" / f"{number}" / "a.png").write_bytes(b"x")
    assert len(store.stamps({f"{number}" for number in range(40)})) == 40
    assert filesystem.calls["get_file_info"] == 1
    assert store.stamps({"3"}).keys() == {"3/a.png"}


def test_what_a_killed_cluster_wrote_is_ours():
    """A row says that it was about to be written; an object that is older than the row is somebody's."""
    seen = {"a.png": _seen(Outcome("in/a.jpg", "a.png", "begun", at=CLOCKS * 2))}
    for time, ours in ((CLOCKS * 2 + 5, True), (CLOCKS // 2, False)):
        assert State(seen, {"a.png": Stamp(9, time)}, False).is_ours("a.png") is ours


def test_results_of_a_killed_cluster_have_rows(bucket):
    store = ObjectStore(Counting(bucket), "out")
    record = Record(store, "")
    record.add(Outcome("in/p00/a.jpg", "a.png", "begun", fingerprint="f", input_size=7, input_time=8))
    record.adopt({"a.png": Stamp(9, 10)})
    record.close()
    (row,) = Record(store, "").rows()
    assert (row.status, row.fingerprint, row.input_size, row.output_size) == ("done", "f", 7, 9)
    assert row.notes == ("its numbers were lost when a run was killed",)


def test_objects_are_known_by_size_and_about_by_time():
    seen = {"a.png": _seen(Outcome("in/a.jpg", "a.png", "done", output_size=9, at=CLOCKS))}
    for size, time, ours in ((9, CLOCKS, True), (8, CLOCKS, False), (9, 3 * CLOCKS, False)):
        assert State(seen, {"a.png": Stamp(size, time)}, False).is_ours("a.png") is ours


def _seen(outcome):
    from onnx_segmentation.batch.record import to_seen

    return to_seen(outcome)


def test_two_prefixes_whose_outputs_would_meet(bucket):
    store = ObjectStore(Counting(bucket), "out")
    from onnx_segmentation.batch.fingerprint import Fingerprint

    job, stamps = Fingerprint("m", "r", "o"), {"in/p00/a.jpg": Stamp(1, 1), "in/p01/a.jpg": Stamp(1, 1)}
    first = begin(Found("in/p00", ["in/p00/a.jpg"], stamps=stamps), store, "out", ".png", job, Again(), False)
    first.record.add(Outcome("in/p00/a.jpg", "a.png", "done"))
    first.record.close()
    with pytest.raises(InputsError, match="give --base in"):
        begin(Found("in/p01", ["in/p01/a.jpg"], stamps=stamps), store, "out", ".png", job, Again(), False)


def test_tasks_travel_whole_whatever_their_names():
    tasks = [Task("/in/caf\udce9.jpg", "caf\udce9.png", Stamp(40_000_000, 2), before=Stamp(3, 4)) for _ in range(5)]
    tables = list(task_table.to_tables(tasks, 3))
    assert [len(table) for table in tables] == [2, 2, 1]  # by bytes
    assert [task for table in tables for task in task_table.to_tasks(table)] == tasks
    assert [len(table) for table in task_table.to_tables([Task("a", "b")] * 7, 3)] == [3, 3, 1]


def test_a_cluster_that_is_not_there_is_said_in_seconds(monkeypatch):
    asked = []

    def refuse(address, timeout):
        asked.append((address, timeout))
        raise TimeoutError("timed out")

    monkeypatch.setattr(ray_cluster.socket, "create_connection", refuse)
    for address in ("10.0.0.9:6379", "ray://10.0.0.9:6379"):
        with pytest.raises(InputsError, match=r"no cluster answers at .*10\.0\.0\.9:6379: timed out"):
            ray_cluster.check_reachable(address)
    assert asked == [(("10.0.0.9", 6379), ray_cluster.REACHED)] * 2
    ray_cluster.check_reachable("auto")


def test_paths_of_this_machine_need_no_uri(tmp_path):
    place = open_place(str(tmp_path / "caf\udce9"))
    assert place.local and place.path.endswith("caf\udce9")
