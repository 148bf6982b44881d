"""The web page: files for browsers, which speak to the API and to nothing else."""
