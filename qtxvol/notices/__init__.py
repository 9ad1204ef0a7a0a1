"""The outbox: who has to be told what. Rows are written in the transaction that causes them."""
