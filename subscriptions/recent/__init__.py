"""The newest events, kept in memory, and which of them a connection has had."""
