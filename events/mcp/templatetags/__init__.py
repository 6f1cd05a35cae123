"""Template tags of the fleet."""
