"""Made-up interfaces: how ONNX files want to be fed and what their outputs mean, each around one network that sees red.

Every network computes `GAIN * (red - 0.5)` of the picture, so that its right mask is that of `zoo`; what differs is the
form of its inputs and outputs. `refused` are words of which the refusal must hold one, where there is no mask to find.
"""

from .base import Interface
from .combined import COMBINED
from .inputs import INPUTS
from .instances import INSTANCES
from .outputs import OUTPUTS
from .refused import NOT_MASKS

INTERFACES = [*INPUTS, *OUTPUTS, *INSTANCES, *COMBINED, *NOT_MASKS]
__all__ = ["COMBINED", "INPUTS", "INSTANCES", "INTERFACES", "NOT_MASKS", "OUTPUTS", "Interface"]
