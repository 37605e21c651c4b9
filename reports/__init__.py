"""What people read: the weekly report and its archive, self-contained files that need no login and no network."""
