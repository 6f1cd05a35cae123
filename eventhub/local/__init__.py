"""What `make run` does on one machine.

It makes the database, the first admin and a token, starts an embedded Valkey where no Redis is given, and starts the
processes of the Procfile together. An installation on several hosts needs none of it.
"""
