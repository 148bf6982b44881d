"""What the API counts, times and knows of the site, for Prometheus. Labels have few values, whatever clients send."""
