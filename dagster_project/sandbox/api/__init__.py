"""`leadhouse sandbox`: every provider on loopback, over real HTTP, from the generated world.

A development tool: nothing but the command line and tests imports it. `live` is the world and its days, `book` what one
provider knows of it, a module per provider (`yelp`, …) turns a call into that provider's answer, `app` is the whole as
an ASGI application with limits, faults and a bill, `server` puts it on a port.
"""
