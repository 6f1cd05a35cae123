"""How Django writes times in its admin: as the pages do, and with the zone, which a script turns into the reader's."""
