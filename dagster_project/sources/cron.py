"""Whether a schedule is one: five fields of numbers, names, ranges, lists, steps. When it fires is the scheduler's."""

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
DAYS = "sun mon tue wed thu fri sat".split()
# Field, lowest and highest number, names of the numbers from the lowest on; Sunday is 0 and 7.
FIELDS = (
    ("minute", 0, 59, []),
    ("hour", 0, 23, []),
    ("day of month", 1, 31, []),
    ("month", 1, 12, MONTHS),
    ("day of week", 0, 7, DAYS),
)


def check_cron(text: str) -> str:
    """The schedule with single spaces. Raises ValueError naming the field at fault."""
    parts = text.split()
    if len(parts) != len(FIELDS):
        raise ValueError(f'"{text}" needs five fields (minute, hour, day of month, month, day of week), as "0 6 * * *"')
    for part, (field, low, high, names) in zip(parts, FIELDS, strict=True):
        if not all(_is_valid(item.lower(), low, high, names) for item in part.split(",")):
            raise ValueError(f'"{part}" is no {field} ({low} to {high})')
    return " ".join(parts)


def _is_valid(item: str, low: int, high: int, names: list[str]) -> bool:
    """Whether an item of a list is one: `*`, `5`, `1-5`, `*/10`, `mon-fri`."""
    span, slash, step = item.partition("/")
    if slash and not (step.isascii() and step.isdigit() and int(step) > 0):
        return False
    if span == "*":
        return True
    ends = [low + names.index(end) if end in names else _number(end) for end in span.split("-")]
    is_range = len(ends) == 2
    if len(ends) > 2 or any(end is None or not low <= end <= high for end in ends) or (slash and not is_range):
        return False
    return not is_range or ends[0] <= ends[1]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None
