"""The monitor: who leads, which server is due, and when."""
