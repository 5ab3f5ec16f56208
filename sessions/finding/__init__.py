"""Finding the recipe of a model when nobody gives one."""
