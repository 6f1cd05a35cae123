"""What `make demo` shows: real MCP servers behind bridges, and a script of troubles for them."""
