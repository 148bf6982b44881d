"""Recordings that the server fetches itself from an address that a client names."""
