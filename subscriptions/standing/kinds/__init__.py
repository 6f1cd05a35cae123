"""How each kind of destination but the webhook is sent to."""
