"""Emergencies (平战结合): events that the office opens and closes, what changes while they are open, and drills."""
