"""The admin's event log, read-only and fast at a million rows."""
