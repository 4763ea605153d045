"""IO managers: how an asset's frame reaches its store, and how the next asset gets it."""
