"""The registry as a document: export, import, duplicate and revert are one mechanism.

`document` is its form, `proposal` what it would change here, `changing` carries that out.
"""
