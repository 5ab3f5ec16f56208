"""How fast it is: each module prints ratios, interleaved in one run. `python dev.py bench NAME`."""
