"""What the customer has and wants, and from where on a number says something."""

BASELINE_ACCURACY = 0.388
BASELINE_REJECTED = 0.612
TARGET_ACCURACY = 0.85
TARGET_VOICE_AI_PRECISION = 0.90
TARGET_REJECTED = 0.15
TARGET_TIME_SAVED = 0.60
TIME_SAVED_ASSUMES = "an AE would take every scored call, and each takes as long as the others"
"""So the time saved is the share of scored calls that are not handed over."""
LEAST_ACCURACY = 0.75
"""Below this a model is trained anew."""
CRITICAL_ACCURACY = 0.65
