"""Changes on their way to whoever listens: from PostgreSQL to this process, and on to WebSockets and event streams."""
