"""What to do about the numbers: what changed, which rule fires on it, and what a change was worth."""
