"""Django's database backends, with what a process that stays up for months needs besides.

A dead connection is replaced at once, and another file in the place of SQLite's is noticed.
"""
