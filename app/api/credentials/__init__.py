"""Who sends a request: what proves it, where it is looked for, and how guessing is slowed."""
