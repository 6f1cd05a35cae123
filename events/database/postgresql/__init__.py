"""Django's backend for PostgreSQL, with a pool that recovers as soon as the server is back."""
