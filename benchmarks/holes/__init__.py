"""How often a process reads the log that asks for few of many event types."""
