"""The pages /events and /events/history, rendered on the server.

Templates are in `templates/eventhub/events`, scripts and styles in `events/static/events`.
"""
