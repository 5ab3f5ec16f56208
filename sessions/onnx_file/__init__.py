"""The ONNX file itself: is it one, what its header declares, which input takes the picture."""
