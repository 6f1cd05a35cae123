"""What people do with standing subscriptions, by HTTP, on the pages and by commands.

`asked` is what they send. `destinations` judges where it shall go, by `members`. `making` makes and changes a
subscription, `operations` are pause, resume, replay and the like. `described` is what they are shown.
"""
