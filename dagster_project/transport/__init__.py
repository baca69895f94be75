"""The HTTP runtime that adapters (and, in time, sinks) share: windows of calls, retries, failure classes, a breaker.

It knows nothing of any provider: what a status means, and how much may be called, is told to it as data.
"""
