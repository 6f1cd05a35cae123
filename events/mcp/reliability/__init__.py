"""Pure: how reliable a server was. What a check saw holds until the next one (`tally`); hours become days and figures
(`figures`); `latency` has the buckets of latencies, `windows` the times of maintenance."""
