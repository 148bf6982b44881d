"""The resident worker: takes jobs from Redis, works them with engines that stay loaded, reports to the API."""
