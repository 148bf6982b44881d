"""All of a project as one ZIP archive, written while it is read."""
