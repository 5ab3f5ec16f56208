"""Kernels: what a CPU does faster in loops that numba compiles than in any library's operations.

This folder is a package of its own, loaded by `kernel_cache` under a name of its own: numba finds again what it
compiled by a module's name, and ComfyUI calls the pack by its path. It imports nothing of the pack.
"""
