"""Who may see what, and who somebody is.

`policy` holds the one decision. `identity` says who a token or a session stands for, `recheck` whether that still
holds, and `signals` tells delivery that something has changed.
"""
