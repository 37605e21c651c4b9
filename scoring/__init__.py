"""What a champion says of a call, in numbers and in words."""
