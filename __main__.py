"""python -m onnx_segmentation"""

import sys

from .commands import main

sys.exit(main())
