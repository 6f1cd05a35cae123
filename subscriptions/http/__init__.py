"""Standing subscriptions over HTTP: `/api/v1/standing/`."""
