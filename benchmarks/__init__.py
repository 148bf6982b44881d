"""Measurements, each printed as one table; run by hand and by make, never part of a timed test."""
