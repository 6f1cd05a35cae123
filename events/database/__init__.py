"""Django's two database backends with what a server needs that goes on while its database does not."""
