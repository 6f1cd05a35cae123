"""The pages /deliveries: everybody's own standing subscriptions, by forms that need no JavaScript."""
