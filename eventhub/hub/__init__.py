"""What staff see of the hub, at /admin/hub/: its processes, who is connected to them, how far they are, the log's size.

`state` is what each web process writes into its row (`events.upkeep.heartbeat`); `views` shows the rows of all. Nothing
is asked on the way of an event.
"""
