"""The durable log: the truth about which events happened, in which order.

`append` writes events, `placing` gives them gapless positions in the order of commits, `reading` follows the log and
`search` goes back into it. `retention` deletes what is too old.
"""
