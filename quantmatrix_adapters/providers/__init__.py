"""Providers give market data: one file each, defining `PROVIDER`.

Each keeps what `base.Provider` promises; `test_every_provider.py` holds it to that.
"""
