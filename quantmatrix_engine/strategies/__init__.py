"""Strategy kinds: one file each, defining `KIND`, found by `registry.discover`.

`base.py` says what a kind declares and `evaluate.py` runs one over all its runs of a session.
Every kind passes `tests/engine/strategies/test_every_strategy.py`.
"""
