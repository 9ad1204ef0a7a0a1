"""How hours come to be believed: check-in, the append-only ledger, late entries, objections, spot checks, no-shows."""
