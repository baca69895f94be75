"""Leadhouse: an open lead warehouse.

Raw provider records come in at one door, walk through the rooms in one direction and leave as scored leads.
`definitions.py` is the only module that knows every room; the pure packages (`contracts`, `sources`, `normalize`,
`resolution`, `delivery`) never import dagster.
"""
