"""Who may see what, and who somebody is.

The decision itself is `policy.scope_of`; `metadata` is what a viewer is told of the registry. `identity` says who a
token or session stands for, `recheck` whether that still holds, `sign_in` and `attempts` who comes in and how often one
may try, and `signals` tells delivery that something has changed.
"""

TOKEN_PREFIX = "ehub_"  # noqa: S105  how each token of ours begins, whatever tokens knox has besides them
