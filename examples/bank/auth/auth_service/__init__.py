"""The bank's authentication module: who is who, and what they may do everywhere."""
