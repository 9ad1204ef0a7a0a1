"""The demo city: real divisions, units and menu; invented people, teams and orders.

Nothing in the service imports this package but the command that fills a demo database.
"""
