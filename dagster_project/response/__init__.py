"""Response: what follows from a signal. Alerts with a time to answer in, and the automations that people write.

Nothing here imports dagster or opens a database: the caller passes connections. Which events are which signals is said
by dbt's seeds and models; how a message is sent, by `delivery`.
"""
