"""Many pictures outside the graph: what is to be done, reading, writing, and the engines that do it."""
