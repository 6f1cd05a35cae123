"""Sending logged events again: after a break, or the newest ones at the start.

`request` is what a command asks for, `ledger` knows what a connection is owed and has had, `catch_up` reads and sends
it.
"""
