"""Who spoke: the voices of a stretch described, and all descriptions sorted into speakers."""
