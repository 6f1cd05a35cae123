"""What the management commands share: output, exit codes, arguments, the client that tails events.

The commands themselves are where Django looks for them, in `management/commands`.
"""
