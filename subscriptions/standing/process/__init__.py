"""The process that delivers: `term` leads or waits to lead, `leader` has the loops, `record` reads and writes."""
