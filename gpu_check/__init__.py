"""Every step on this machine's GPU against the CPU, for whoever has one: `gpu-check`, and Segmentation Diagnostics."""
