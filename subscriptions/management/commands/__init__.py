"""The commands of standing subscriptions: deliver them."""
