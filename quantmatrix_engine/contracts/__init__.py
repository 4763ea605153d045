"""Contracts: what a frame must be where it leaves one part of the chain and enters the next.

One file a frame, each a pandera model: column, type, bounds, and a description that becomes the
column's documentation in Dagster and in the analysts' snapshot. `gate.py` applies one.
"""
