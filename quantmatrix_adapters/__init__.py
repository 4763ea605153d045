"""Whom do we talk to: providers of market data and channels to people.

Everything that opens a connection or reads somebody else's file is in this package. One file a
plug-in, found by itself; what a folder's plug-ins have in common stands in its `base.py`.
"""
