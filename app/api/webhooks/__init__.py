"""Telling other programs what happens in a project, at addresses that its owners name."""
