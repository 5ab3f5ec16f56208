import math

import pytest
from onnx_segmentation.errors import ContainerError
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("mean", (0.5, 0.5), "three finite numbers"),
        ("mean", (0.5, math.nan, 0.5), "three finite numbers"),
        ("std", (1.0, math.inf, 1.0), "three finite numbers"),
        ("std", (1.0, 0.0, 1.0), "above 0"),
        ("std", (1.0, -0.2, 1.0), "above 0"),
        ("width", 0, "width is 0"),
        ("height", -8, "height is -8"),
        ("height", 320.5, "whole number"),
    ],
)
def test_refuses_what_cannot_be(field, value, said):
    with pytest.raises(ContainerError, match=said):
        CustomSessionContainer(**{field: value})


def test_is_a_value():
    assert CustomSessionContainer() == CustomSessionContainer((0.485, 0.456, 0.406), (1.0, 1.0, 1.0), 1024, 1024)
    with pytest.raises(AttributeError):
        CustomSessionContainer().width = 320
