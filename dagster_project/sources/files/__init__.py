"""The file source: files somebody hands in, taken as they are and landed as raw records.

The walk of a file: `inbox.deposit` keeps it, `readers` read it, `landing.land` makes raw records of its rows under a
`mapping`, `extract.extract` takes the canonical fields out of them. `suggest` proposes a mapping for a new file.
"""
