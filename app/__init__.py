"""Vocalyx: speaker-labelled, searchable, enriched transcripts on an organisation's own machines."""

__version__ = "0.1.0"
