"""Where signals can be bought or read: one module per source, each in the same shape (`base.py`)."""
