"""Channels carry a message to a person: one file each, defining `CHANNEL`.

Each keeps what `base.py` promises: it renders a composed message and posts it, or says in a
ChannelError what stands in the way.
"""
