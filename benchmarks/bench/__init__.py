"""What measures and prints: pinned processes, workloads, takes side by side, tables."""
