"""OAuth 2.1 at /oauth and /.well-known, for hosts of agents that take no token by hand: one signs in, and allows it.

A host is known by a document at its own address (`client`, `documents`). It gets a code, and for that a token
(`codes`), by the `rules` that oauthlib has. `views` has the pages for people and the call for hosts, `metadata` tells
of both.
"""
