"""What `servicehall bench` measures. Ratios of one run count, never single times."""
