"""Tables: who looked at what, and what was erased."""
