"""Keys of records: made of the number of who is meant, so that they are the same whenever and in whatever order."""

import numpy as np
import polars as pl


def mixed_bits(numbers: np.ndarray, salt: int) -> np.ndarray:
    """64 bits per number, without repeats for one salt (splitmix64, a bijection)."""
    with np.errstate(over="ignore"):
        z = numbers.astype(np.uint64) + np.uint64(salt) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def hexadecimal(bits: np.ndarray) -> pl.Series:
    """Each of some 64-bit numbers as 16 hexadecimal digits; their order as text is that of the numbers."""
    digits = bits.astype(">u8").tobytes().hex()
    return pl.Series(np.frombuffer(digits.encode(), dtype="S16").astype("U16"), dtype=pl.String)


def uuids(numbers: np.ndarray, salt: int) -> pl.Series:
    """A UUID per number, without repeats."""
    high, low = hexadecimal(mixed_bits(numbers, salt)), hexadecimal(mixed_bits(numbers, salt + 1))
    parts = [high.str.slice(0, 8), high.str.slice(8, 4), high.str.slice(12, 4), low.str.slice(0, 4), low.str.slice(4)]
    return parts[0] + "-" + parts[1] + "-" + parts[2] + "-" + parts[3] + "-" + parts[4]
