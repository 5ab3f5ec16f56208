"""onnxruntime: the library, its providers, and the models that it holds in memory."""
