"""The commands about events: emit, tail and simulate them, prune the log, begin an epoch, make a token."""
