"""An installation with a user model of its own: people are known by their mail address, and keyed by a UUID."""
