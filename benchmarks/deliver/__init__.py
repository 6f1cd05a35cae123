"""What it costs to deliver to webhooks: `python -m benchmarks.deliver`."""
