"""Who may sign in, in which seat they sit, and the one helper that decides what a seat may see and do."""
