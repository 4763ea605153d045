"""How much: the size a signal suggests, as a percentage of the account or of the position."""
