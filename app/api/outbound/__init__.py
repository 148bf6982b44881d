"""Requests that Vocalyx sends to addresses which clients name: guarded, so that they reach nothing inside the site."""
