"""What a process counts about itself, for whoever watches it.

`measures` lists all that is counted. Code adds to these integers and does nothing else. `snapshot` keeps them in a
small file for each process, so that any process of the same folder can show those of all; `eventhub.metrics` does.
"""
