"""The command of the fleet."""
