"""What an event is, who may see it, and where it is kept.

Read `core` for the meaning of words, `broadcast` for the one way in, `log` for the durable order of events, `access`
for the decision who sees what. The other folders are edges: `admin`, `http`, `page`, `cli`, `sources`. This package
never imports `subscriptions`.
"""
