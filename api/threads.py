"""Threads by kind of work, so that whoever asks much of one kind keeps nobody of another waiting.

What waits for the database or reads much of it takes its threads from here; those that scores are made in, the
process's own forty, stay free for that.
"""

from anyio import CapacityLimiter

LISTS = CapacityLimiter(2)
"""Lists and exports: each reads much, and two at a time keep the disk and the other requests going."""
LOOK_UPS = CapacityLimiter(8)
"""What is read by key: one lead with all that is known of it."""
WRITES = CapacityLimiter(4)
"""What changes something, and may wait for whoever else writes."""
KEYS = CapacityLimiter(2)
"""Reading keys, which every request waits for and nothing else may hold up."""
BUDGETS = CapacityLimiter(8)
"""Taking of keys' budgets: one writing at a time by key, which waits for whoever else writes."""
HEALTH = CapacityLimiter(2)
"""Figures and how the parts are, also while all else is busy."""
FOLLOWING = CapacityLimiter(2)
"""What a process does beside the requests to know what it answers with."""
