"""Alpha matting: tensors in, tensors out."""
