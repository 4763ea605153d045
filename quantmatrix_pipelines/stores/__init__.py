"""Stores speak SQL: one file a subject, frames in, frames out. Nothing else in the pipelines does.

Every function takes the Database and says in its first lines as which role it works.
"""
