"""How a provider could count the calls that reach it: in any stretch of time, or in windows with fixed edges."""

from collections import Counter


def most_in(moments: list[float], seconds: float) -> int:
    """The most moments in any stretch of so many seconds that holds one of its two ends."""
    moments, first, most = sorted(moments), 0, 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def most_by_edges(moments: list[float], seconds: float, edge: float) -> int:
    """The most moments that a server counts whose windows begin at `edge` and every so many seconds after it."""
    return max(Counter((moment - edge) // seconds for moment in moments).values(), default=0)
