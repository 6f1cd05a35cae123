"""Commands that measure and print tables, for docs/performance.md: `python -m benchmarks.NAME`, or `make bench`."""
