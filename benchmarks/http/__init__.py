"""What calls of HTTP cost: `prepared` fills the database, `caller` asks, `__main__` measures and prints."""
