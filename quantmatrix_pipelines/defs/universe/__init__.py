"""Which instruments there are."""
