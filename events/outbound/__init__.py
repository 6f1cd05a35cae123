"""What eventhub connects to by itself: which addresses people may name, and connections that go nowhere else.

The probe of the fleet and the deliveries to destinations use it, each with settings of its own that allow more.
"""
