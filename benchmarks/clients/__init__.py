"""The clients that make load, and check every delivery that they get."""
