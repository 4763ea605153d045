"""What happens every session: the chain as Dagster assets, and the `quantmatrix` command.

`definitions` assembles, `settings` is read once, `stores/` speaks SQL, `lake` holds the series,
`defs/` has a folder a subject, `cli/` a file a noun.
"""
