"""The HTTP API: metadata, history, preview, explain, emit.

`parameters` reads what was asked, `responses` builds the answers, `problem_details` the errors of RFC 9457.
"""
