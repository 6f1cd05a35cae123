"""The admin of categories and event types: their forms, test events, activation, duplicates."""
