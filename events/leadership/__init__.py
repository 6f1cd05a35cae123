"""Which of several processes of a kind leads: `lease` is the row that says it, `term` takes it and gives it back, and
`leader` is what the process does meanwhile.

The monitor of the fleet and the process that delivers use it. One leads; the others wait to take over.
"""
