"""The truth: peewee models, their migrations, and units of work. One file a subject, one function a transaction."""
