"""Pictures into a model's input, and its output into masks."""
