"""Who is connected, what they ask for, and whether they still may.

`hub` knows all connections of this process. Each call is one step, without an await between a check and its effect.
"""
