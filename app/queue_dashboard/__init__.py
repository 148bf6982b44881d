"""RQ's own pages about the queues, for operators: served read-only, on loopback, behind the balancer's credentials."""
