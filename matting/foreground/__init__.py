"""Foreground colours (Germer et al. 2020, multi-level)."""

from .estimate import estimate_foreground, estimate_in_torch

__all__ = ["estimate_foreground", "estimate_in_torch"]
