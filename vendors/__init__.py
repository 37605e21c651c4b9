"""The outside world: one module per vendor on one HTTP client."""
