"""Sending logged events again: after a break, or the newest ones at the start."""
