"""Models of more than one output, run or picture: instances, states, a picture of the background."""

import json

import numpy as np
import onnx
import pytest
import torch
from hosts import Failed
from interfaces.base import FREE, FREE_MAP, entry, fixed, gives, write
from interfaces.combined import yolo_file
from PIL import Image
from support import ROOT
from zoo import SIDE, Builder, output

PLAIN_NODE = {"alpha_matting": "false", "quality": "rembg"}
PLACES = [ROOT.parent, ROOT.parent.parent]  # of folders with real models and photos, where somebody has put them


@pytest.fixture
def sessions(loaded):
    return loaded("sessions.session")


def disc(frames=1, height=SIDE, width=SIDE):
    """A red disc on grey-green [B, H, W, 3]."""
    down, across = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    inside = ((down.square() + across.square()).sqrt() < 0.6).float()
    return torch.stack([inside, torch.full_like(inside, 0.95), torch.full_like(inside, 0.4)], -1)[None].repeat(
        frames, 1, 1, 1
    )


def counter(path, states=("r1", "r2", "r3", "r4")):
    """RVM's form: alpha is a quarter of how many frames came before; the foreground is blue."""
    graph = Builder()
    graph.add("Mul", graph.add("ReduceMean", "src", axes=[1], keepdims=1), graph.weight([0.0]), out="nothing")
    graph.add("Add", "nothing", graph.add("Mul", "r1i", graph.weight([0.25])), out="pha_raw")
    graph.add("Clip", "pha_raw", graph.weight(0.0), graph.weight(1.0), out="alone")
    graph.add("Mul", "alone", graph.add("Max", "downsample_ratio", graph.weight([1.0])), out="pha")
    graph.add("Mul", graph.add("Add", graph.add("Mul", "src", graph.weight([0.0])), graph.weight([1.0])),
              graph.weight(np.reshape([0, 0, 1], (1, 3, 1, 1))), out="fgr")  # fmt: skip
    for name in states:
        graph.add("Add", f"{name}i", graph.weight([1.0]), out=f"{name}o")
    inputs = [entry("src", FREE), *(entry(f"{n}i", (1, f"c{n}", f"h{n}", f"w{n}")) for n in states)]
    outputs = [output("fgr", FREE), output("pha", FREE_MAP), *(output(f"{n}o", (1, n, n, n)) for n in states)]
    return write(path, graph, [*inputs, entry("downsample_ratio", (1,))], outputs)


def told(**more):
    return {
        "mean": 0,
        "std": 1,
        "scale": "255",
        "width": 64,
        "height": 64,
        "fit": "stretch",
        "decoding": "none",
        **more,
    }


def beside(path, **values):
    (path.parent / f"{path.name}.json").write_text(json.dumps(values))


def levels(masks):
    return [round(float(mask.mean()), 2) for mask in masks]


@pytest.fixture
def video(host):
    path = counter(host.folder / "model.onnx")
    beside(path, **told(output="pha"))
    return path


def test_state_goes_from_frame_to_frame_and_begins_anew_with_each_run(host, video):
    for _ in range(2):
        _, masks, *_ = host.run(
            "ImageSegmentationAuto", model="model.onnx", images=disc(5), min_confidence=0, **PLAIN_NODE
        )
        assert levels(masks) == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_state_begins_anew_where_the_size_changes(sessions, loaded, video):
    recipe = loaded("sessions.recipes.recipe").from_dict(
        {
            "mean": (0, 0, 0),
            "std": (1, 1, 1),
            "fit": "keep_aspect",
            "width": 64,
            "height": 64,
            "output": "pha",
            "decoding": "none",
        }
    )
    session = sessions.CustomSession(video, recipe).for_run()
    wide = torch.zeros(2, 64, 128, 3, dtype=torch.uint8)
    values = [levels(session.segment(frames).masks / 255) for frames in (wide, wide.permute(0, 2, 1, 3), wide[:1])]
    assert values == [[0.0, 0.25], [0.0, 0.25], [0.0]]
    assert levels(sessions.CustomSession(video, recipe).segment(wide[:1]).masks / 255) == [0.0]


def test_each_picture_of_a_folder_is_a_run_of_its_own(sessions, loaded, video):
    session = sessions.CustomSession(
        video, loaded("sessions.recipes.recipe").from_dict(told(mean=(0,) * 3, std=(1,) * 3, output="pha"))
    )
    masks = [loaded("cutouts").cutout(disc(2), session).mask for _ in range(2)]
    assert [levels(each) for each in masks] == [[0.0, 0.25]] * 2


def test_a_failed_run_of_memory_does_not_lose_the_state(sessions, loaded, video, monkeypatch):
    """The CPU goes on where the GPU's memory ran out."""
    recipe = loaded("sessions.recipes.recipe").from_dict(told(mean=(0,) * 3, std=(1,) * 3, output="pha"))
    session = sessions.CustomSession(video, recipe).for_run()
    frame = torch.zeros(1, 64, 64, 3, dtype=torch.uint8)
    session.segment(frame)
    assert levels(session.on_cpu().segment(frame).masks / 255) == [0.25]


def test_the_models_own_foreground_where_the_recipe_names_it(host, video):
    beside(video, **told(output="pha", foreground="fgr"))
    image, mask, *_ = host.run(
        "ImageSegmentationAuto", model="model.onnx", images=disc(3), min_confidence=0, **PLAIN_NODE
    )
    assert torch.equal(image[1, 0, 0, :3], torch.tensor([0.0, 0.0, 1.0])) and 0 < mask[1, 0, 0] < 1
    photo = host.run(
        "ImageSegmentationAuto",
        model="model.onnx",
        images=disc(3),
        min_confidence=0,
        edge_colours="photo",
        **PLAIN_NODE,
    )
    assert torch.allclose(photo[0][..., :3], disc(3), atol=0.003)


def test_states_without_an_output_are_refused_with_all_names(host):
    path = host.folder / "model.onnx"
    graph = Builder()
    graph.add("ReduceMean", "src", axes=[1], keepdims=1, out="pha")
    write(path, graph, [entry("src", FREE), entry("r1i", (1, "c", "h", "w"))], [output("pha", FREE_MAP)])
    with pytest.raises(Failed, match=r"SeveralInputsError.*src float32.*r1i float32"):
        host.run("ImageSegmentationAuto", model="model.onnx", images=disc(), **PLAIN_NODE)


def comparing(path, name="bgr"):
    """BackgroundMattingV2's form: alpha is where the picture differs from the scene."""
    graph = Builder()
    difference = graph.add("Abs", graph.add("Sub", "src", name))
    graph.add(
        "Clip",
        graph.add("ReduceMax", difference, axes=[1], keepdims=1),
        graph.weight(0.0),
        graph.weight(1.0),
        out="pha",
    )
    graph.add("Mul", "src", "pha", out="fgr")
    outputs = [output("fgr", FREE), output("pha", FREE_MAP)]
    return write(path, graph, [entry("src", FREE), entry(name, FREE)], outputs)


@pytest.mark.parametrize("name", ["bgr", "background_image"])
def test_a_picture_of_the_scene_without_the_subject(host, name):
    comparing(host.folder / "model.onnx", name)
    images = disc(2)
    scene = images[:1].clone()
    scene[..., 0] = 0
    given = {"model": "model.onnx", "images": images, **PLAIN_NODE}
    _, masks, *_ = host.run("ImageSegmentationAuto", plate=scene[:, ::2, ::2], **given)
    assert ((masks > 0.5) == (images[..., 0] > 0.5)).float().mean() > 0.99
    (session,) = host.run("ImageSegmentationModelLoader", model="model.onnx")
    applied = host.run("ImageSegmentationApply", session=session, images=images, plate=scene[:, ::2, ::2])
    assert torch.equal(applied[0], masks)
    with pytest.raises(Failed, match=f"SeveralInputsError: .*without its subject.*{name}.*plate"):
        host.run("ImageSegmentationAuto", **given)
    with pytest.raises(Failed, match="ImageError: plate has 2 pictures"):
        host.run("ImageSegmentationAuto", plate=images, **given)


def test_a_model_of_one_picture_takes_no_notice_of_a_plate(host, red):
    given = {"model": red, "images": disc(1, 64, 64), **PLAIN_NODE}
    assert torch.equal(*(host.run("ImageSegmentationAuto", **given, **more)[1] for more in ({}, {"plate": disc()})))


@pytest.fixture
def yolo(host):
    """Classes 0 and 2 are sure, 1 is not; the boxes of the sure ones are the halves of the picture."""
    return yolo_file()(host.folder / "model.onnx")


def run_yolo(host, **more):
    return host.run("ImageSegmentationAuto", model="model.onnx", images=disc(), min_confidence=0, **more, **PLAIN_NODE)


def test_boxes_are_kept_by_confidence_and_number(host, sessions, loaded, yolo):
    recipes = loaded("sessions.recipes.recipe")
    base = {"mean": (0,) * 3, "std": (1,) * 3, "scale": "255", "width": SIDE, "height": SIDE, "decoding": "instances"}
    picture = (disc()[0] * 255).to(torch.uint8)
    for limits, scores in (
        ({}, [0.9, 0.7]),
        ({"instance_confidence": 0.8}, [0.9]),
        ({"instance_confidence": 0.05}, [0.9, 0.7, 0.1]),
        ({"most_instances": 1}, [0.9]),
        ({"classes": (2,)}, [0.7]),
        ({"class_index": 2}, [0.7]),
    ):
        session = sessions.CustomSession(yolo, recipes.from_dict(base | limits))
        masks, instances = session.instances(picture)
        assert [round(float(score), 2) for score in instances.scores] == scores, limits
        assert masks.shape == (len(scores), SIDE, SIDE)
        assert torch.equal(masks.amax(0), session.segment(picture[None]).masks[0])


def test_an_empty_scene_has_no_subject(host, yolo, loaded):
    beside(yolo, mean=0, std=1, scale="255", decoding="instances", instance_confidence=0.95, size=SIDE)
    _, mask, confidence, *_ = host.run("ImageSegmentationAuto", model="model.onnx", images=disc(), **PLAIN_NODE)
    assert mask.max() == 0 and confidence == 0


def test_a_class_of_instances(host, yolo):
    model = onnx.load(yolo)
    model.metadata_props.add(key="names", value="{0: 'person', 1: 'cat', 2: 'dog'}")
    onnx.save(model, yolo)
    left, right = (run_yolo(host, classes=classes)[1][0] for classes in ("person", "2"))
    half = SIDE // 2
    assert left[:, :half].max() > 0.9 and left[:, half:].max() == 0
    assert right[:, half:].max() > 0.9 and right[:, :half].max() == 0


def test_masks_and_names_of_each_class(host, yolo):
    _, mask, _, masks, names = run_yolo(host)
    assert names == "0, 2" and torch.equal(masks.amax(0), mask[0])
    _, _, _, masks, names = run_yolo(host, classes="2, 1, 0")
    assert names == "2, 1, 0" and masks.shape == (3, SIDE, SIDE) and masks[1].max() == 0


@pytest.mark.parametrize(("file", "photo"), [("yolov8n-seg_int8.onnx", "am2k_2"), ("rvm_tfjs.onnx", "p3m_bd6af989")])
def test_real_files(file, photo, sessions, loaded):
    """Against what the models' own code makes of a photo."""
    from benchmarks.references import Reference, read_list

    path = next((place / "models" / file for place in PLACES if (place / "models" / file).is_file()), None)
    picture = next((each for place in PLACES for each in (place / "shared").glob(f"*/{photo}.jpg")), None)
    if path is None or picture is None:
        pytest.skip("the file or the photo is not there")
    pixels = np.array(Image.open(picture).convert("RGB"))
    found = loaded("sessions.finding.sources").find_recipe(path)
    mask = sessions.CustomSession(path, found.recipe).segment(torch.from_numpy(pixels)[None]).masks[0] > 127
    (listed,) = [each for each in read_list() if each.file == file]
    right = torch.from_numpy(Reference(**listed.reference).mask(path, pixels))
    assert float((mask & right).sum() / (mask | right).sum()) > 0.95


def test_a_recipe_file_that_names_only_a_limit(host, yolo):
    """The rest is found as without it."""
    beside(yolo, most_instances=1)
    one = run_yolo(host)[1][0]
    assert one[:, : SIDE // 2].max() > 0.9 and one[:, SIDE // 2 :].max() == 0


def test_surroundings_are_no_subject_unless_asked_for(host):
    """A model that parts the whole picture: one query is sky, wherever the disc is not."""
    folder = host.folder / "parts"
    gives(parts)(folder / "model.onnx")
    (folder / "config.json").write_text(json.dumps({"id2label": {0: "sky-other-merged", 1: "person", 2: "floor"}}))
    given = {"model": "parts/model.onnx", "images": disc(), **PLAIN_NODE}
    subject = disc()[0, ..., 0] > 0.5
    for classes, right in (
        ("", subject),
        ("person", subject),
        ("0", ~subject),
        ("person, 0", torch.ones_like(subject)),
    ):
        mask = host.run("ImageSegmentationAuto", classes=classes, **given)[1][0] > 0.5
        assert (mask == right).float().mean() > 0.98, classes


def parts(graph):
    """MaskFormer's form: queries 3 and 8 of ten are sky and person."""
    scores = np.full((1, 10, 4), -5.0)
    scores[..., -1] = 5.0
    scores[0, 3], scores[0, 8] = [5.0, -5, -5, -5], [-5.0, 5, -5, -5]
    share = np.zeros((1, 10, 1, 1))
    share[0, [3, 8]] = [[[-1.0]], [[1.0]]]
    graph.add("Mul", "logits", graph.weight(share), out="masks_queries_logits")
    return [fixed(graph, scores, "class_queries_logits"), output("masks_queries_logits", (1, 10, SIDE, SIDE))]
