"""Telling people: in groups, with pauses, and not at night.

`pairs` says which events begin and end something. `matters` and `groups` keep what is still to be told. `hours` says
when somebody wants to be told. A `runner` has one standing subscription. `text` writes the message, `mute_link` its
link.
"""
