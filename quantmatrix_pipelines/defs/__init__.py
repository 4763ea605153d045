"""The chain, a folder a subject, with the same file names in each: assets, sensors, schedules.

Every folder's assets are made by `assets(window)`: partitions depend on the sessions there are.
"""
