"""What it costs to answer agents: `python -m benchmarks.agents`."""
