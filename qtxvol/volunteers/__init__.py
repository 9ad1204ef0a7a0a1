"""People who serve and the teams they belong to; the ledger of their hours."""
