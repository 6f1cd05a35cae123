"""Over HTTP: standing subscriptions, `/api/v1/standing/`, and tickets, `/api/v1/tickets/`."""
