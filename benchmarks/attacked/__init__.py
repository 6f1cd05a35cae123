"""What healthy clients notice of attacks."""
