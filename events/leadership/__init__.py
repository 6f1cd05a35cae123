"""Which of several processes of a kind leads: `lease` is the row that says it, `term` takes it and gives it back.

The monitor of the fleet and the process that delivers use it. One leads; the others wait to take over.
"""
