"""How often somebody may do something, and whose turn is next. Knows neither Django nor the database."""
