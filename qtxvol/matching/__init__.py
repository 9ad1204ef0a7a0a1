"""Who should serve an order: candidates, score with reasons, waves, crews, departments, the morning plan. Pure.

What people want and are stands in `needs` and `profiles`, indexed by `city`; what they have promised in `ledger`; how
likely they say yes in `likelihood`. `situation` holds these together, every weight is in `settings`. Times are minutes
since a Monday 00:00 on the city's own clock (`slots`), and `now` is always passed in. `server` speaks the same core
over JSON lines.
Why it is built so: docs/adr/0008-matching.md.
"""
