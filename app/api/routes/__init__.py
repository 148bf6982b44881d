"""The addresses, one file a resource."""
