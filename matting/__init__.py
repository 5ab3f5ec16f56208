"""Alpha matting: tensors in, tensors out, on any device."""
