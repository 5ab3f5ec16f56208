"""The closed-form solve: `solve.solve` is what the pack calls.

The same equations as the modules of `matting` have in torch, whose docstrings say why; another solver. Unknown pixels
are taken in blocks of 2 x 2: a block shares windows with its eight neighbours only, so that the matrix is one of 4 x 4
numbers between neighbours on a grid (`blocks`). Nested dissection (`dissection`, `fronts`) orders such a matrix,
`elimination` factors it, `substitution` solves with the factors. That is exact but for float32's rounding, and a few
conjugate gradients (`search`) take the rounding away. Where the band is so wide that the factors would cost too much,
the same is done with the equations on tiles of 4 x 4 pixels (`tiles`), as the coarse half of a two-level preconditioner
(`two_levels`).

Members of a list count from 1: 0 stands for a neighbour that is not there, and row 0 of what is kept for members holds
zeros.
"""
