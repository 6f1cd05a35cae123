"""Who may see what, and who somebody is.

The decision itself is `EventType.visible_to` in `events.core.event_types`. Here `identity` says who a token or session
stands for, `recheck` whether that still holds, `sign_in` and `attempts` who comes in and how often one may try, and
`signals` tells delivery that something has changed.
"""
