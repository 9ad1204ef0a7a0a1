"""What the law on personal information asks for: sealed columns, logged reveals, one's own data, erasure, retention."""
