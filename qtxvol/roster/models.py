"""Tables: lists that were read in."""
