"""Closed-form matting (Levin, Lischinski, Weiss 2008), solved in torch."""

from .solve import estimate_alpha

__all__ = ["estimate_alpha"]
