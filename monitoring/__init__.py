"""What the numbers are: measures by week, drift, live performance, health."""
