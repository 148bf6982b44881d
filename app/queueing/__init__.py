"""Delivery: which worker hears of which job, and who is woken by a change. Redis holds ids only; PostgreSQL is the truth."""
