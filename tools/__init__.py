"""Helpers of the demo, the tests and the benchmarks; ComfyUI never loads them."""
