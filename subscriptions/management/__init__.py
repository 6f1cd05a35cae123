"""The commands of standing subscriptions."""
