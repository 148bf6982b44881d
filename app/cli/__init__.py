"""`vocalyx …`: the command line."""
