"""What is measured: a fresh installation, servers to compare with, and the processes that feed them."""
