"""Prices before anything is computed from them: cleaning, quality, universe."""
