"""Recipes: how a model is fed and read, and where people write them down."""
