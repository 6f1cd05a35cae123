"""The pages /events/types: what kinds of events there are, with fields, an example, rates, sources and code.

`views` answers requests, `example` is what the page of a type shows of events. Templates are in
`templates/eventhub/events/types`.
"""
