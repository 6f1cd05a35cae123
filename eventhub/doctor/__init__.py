"""What may be wrong with an installation, each with the line that mends it.

`of_settings` has system checks of Django, which `manage.py check --deploy` runs too. `of_machine` looks at files and
limits, `live` asks the database, the channel layer and the processes, `address` tries the way through a proxy.
`manage.py doctor` runs all.
"""
