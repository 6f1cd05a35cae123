"""`GET /metrics`, in the words of Prometheus.

`endpoint` answers who may ask. `exposition` joins the counts of all processes of this folder (`events.measuring`) with
what the database knows of the log and of other processes (`database`).
"""
