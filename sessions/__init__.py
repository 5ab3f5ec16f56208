"""An ONNX file and how to feed it."""
