"""Pure: what a server's tools are (`definitions`), how they differ from what was approved (`changes`, `schemas`), and
how that is shown (`characters`, `words`). Nothing here trusts a text: all of it is a server's."""
