"""Technical indicators: one file each, defining `INDICATOR`, found by `registry.discover`.

`base.py` says what an indicator declares and `compute.py` runs any set of them over any bars.
Every indicator passes `tests/engine/indicators/test_every_indicator.py`.
"""
