"""The engine of enrichment: a language model that writes title, summary and points."""
