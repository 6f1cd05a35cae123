"""The admin's site: no form of an older state is saved over a newer one, and no address costs too much."""
