"""The commands of the installation: `manage.py serve` and what `make run` and `make demo` start."""
