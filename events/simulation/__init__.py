"""Invented events for demonstrations and load: `manage.py simulate_events`."""
