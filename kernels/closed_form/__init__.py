"""The closed-form solve: `solve.solve` is what the pack calls.

The same equations, tiles and multigrid as the modules of `matting` have in torch, whose docstrings say why. Fields over
pixels are float32 `[16, T + 2]` (pixel of the 4 x 4 tile, tile), fields over tiles or groups `[4, T + 2]` (function,
tile). Members count from 1; the first and last column are empty, and 0 stands for a neighbour that is not there. A loop
runs along the columns, so that the compiler can take eight or sixteen at a time.
"""
