"""Delivery: what changed in `marts.sync_leads` goes to each destination once, and the ledger says what became of it.

`run_sync` is the door. A new destination is a module with a `Sink` and a model in `sync.py`. Nothing here imports
dagster or opens a database: the caller passes `Warehouse.app`.
"""
