"""What may be done, and what else must then be done: one file per noun. Services flush; they never commit."""
