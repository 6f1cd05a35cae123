"""What programs may rely on: the event types as JSON Schema, and what is made of that.

`schemas` makes the JSON Schema from the registry. `typescript` and `python` write it as types, with the names of
`naming`. `breaks` says what a new one takes away from those who rely on an old one, and `api` serves it. Nothing here
reads the registry's rows.
"""
