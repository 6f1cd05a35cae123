"""The tests, in folders that mirror the source; `promises` has what many modules keep together."""
