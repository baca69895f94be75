"""The missing fields of leads and contacts, from the cheapest sufficient provider, never paid for twice."""
