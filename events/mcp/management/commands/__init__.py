"""The command of the fleet: `manage.py monitor_mcps`."""
