"""What we remember: the tables, their constraints and who may see which row.

`base` and `types` say how a table is written down, `database` how it is reached, `tenancy` whose a
row is, `secrets` how a secret rests; then one file a domain. `migrations/` builds it all.
"""
