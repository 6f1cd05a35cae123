"""The fleet over HTTP: `servers` are the calls, `described` and `asked` what goes out and comes in, `client_config`
what agents read."""
