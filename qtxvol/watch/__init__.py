"""Is the service well, and what is stuck: read by people at /office/stuck and by machines at /readyz and /metrics.
Not here: the clocks themselves (`orders/`) and the deliveries (`notices/`)."""
