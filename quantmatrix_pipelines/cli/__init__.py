"""The `quantmatrix` command: `main` is the entry, then one file a noun."""
