"""Matching in the service: what the database knows becomes the pure core's city and ledger (`situation.py`); who is
asked, by whom and when; plans; other times and joint sessions; and what all of it came to."""
