"""What keeps an installation in order over the years: old rows are deleted, sizes are told.

`pruning` is called by `manage.py prune_events`, and once a day by the monitor that leads.
"""
