"""Bars as delivered, bars that can be used, and indicators."""
