"""Copies of the database and of the secret key: `manage.py backup` and `manage.py restore`.

`stores` knows SQLite and PostgreSQL. A restored log always begins a new epoch, so that nobody forgets that step.
"""
