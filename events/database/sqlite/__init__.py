"""Django's backend for SQLite, which notices that another file is in the place of its own."""
