"""The flow: an order is placed, dispatched, claimed, accepted, closed and rated.

Pure rules: `lifecycle`, `deadlines`, `numbers`, `chain`, `windows`, `links`. Tables: `models`. The only writer of a
status: `transition`. Verbs: one file per family of actions. Reads: `queries`.
"""
