"""Text files as physical lines: which encoding, which bytes are broken, where lines end.

A byte that the encoding does not allow becomes one lone surrogate (`chr(0xDC00 + byte)`), which no decoded text
contains, so that only its row is refused and the byte can still be shown. What lines mean is said in `delimited` and
`jsonl`.
"""

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BLOCK = 8 << 20
"""Characters read at once: about 50,000 to 100,000 rows, 40 MB of working memory."""

MAX_LINE = 16 << 20
"""Longest physical line kept; of a longer one only this much is, and its row is refused."""

SCAN = 1 << 20
"""Bytes measured at once; lines shorter than this are not told apart."""

BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
BROKEN = re.compile("[\udc00-\udcff]")
_ERRORS = "leadhouse.mark"


@dataclass(frozen=True)
class Text:
    """What one pass over a file tells: its encoding, whether bytes are broken, whether a line exceeds `MAX_LINE`."""

    encoding: str
    has_broken: bool
    has_long_lines: bool

    @contextmanager
    def open(self, path: Path) -> Iterator[io.TextIOWrapper]:
        with io.TextIOWrapper(path.open("rb"), encoding=self.encoding, errors=_ERRORS, newline="") as file:
            yield file

    def read_lines(self, file: io.TextIOWrapper) -> list[str]:
        """The next physical lines, with their ends, about `BLOCK` characters; none at the end of the file."""
        return _read_capped(file) if self.has_long_lines else file.readlines(BLOCK)


def inspect_text(path: Path, encoding: str | None = None) -> Text:
    """Find a text file's encoding: the given one, a byte order mark's, UTF-8, or Windows-1252.

    A file without a mark whose high bytes are mostly valid UTF-8 is UTF-8 with broken rows; otherwise Windows-1252.
    """
    if encoding is None:
        with path.open("rb") as file:
            head = file.read(4)
        encoding = next((name for bom, name in BOMS if head.startswith(bom)), None)
    if encoding is not None:
        _, broken, longest = _measure(path, encoding)
    else:
        encoding = "utf-8"
        valid, broken, longest = _measure(path, encoding)
        if broken > valid:
            encoding = "windows-1252"
            _, broken, longest = _measure(path, encoding)
    return Text(encoding, broken > 0, longest > MAX_LINE)


def show(value: str, limit: int = 500) -> str:
    """A value as it can be stored: broken bytes as \\xNN, NUL as ␀, cut at `limit` characters."""
    cut = value[:limit].replace("\0", "␀")
    return BROKEN.sub(lambda m: f"\\x{ord(m[0]) - 0xDC00:02x}", cut)


def _measure(path: Path, encoding: str) -> tuple[int, int, int]:
    """Valid characters beyond ASCII, broken bytes, and an upper bound of the longest line, in one pass."""
    decoder = codecs.getincrementaldecoder(encoding)(_ERRORS)
    valid = broken = longest = run = 0
    with path.open("rb") as file:
        while block := file.read(SCAN):
            text = decoder.decode(block)
            if not text.isascii():
                high, marks = _count_high(text)
                valid, broken = valid + high, broken + marks
            first, last = _line_ends(text)
            longest = max(longest, run + (first if first >= 0 else len(text)))
            run = len(text) - last if first >= 0 else run + len(text)
    broken += len(decoder.decode(b"", final=True))
    return valid, broken, longest


def _count_high(text: str) -> tuple[int, int]:
    kept = text.encode("utf-8", "ignore").decode()
    return len(re.sub(r"[\x00-\x7f]+", "", kept)), len(text) - len(kept)


def _line_ends(text: str) -> tuple[int, int]:
    """Positions of the first and the last line end; -1 when there is none."""
    first = [i for i in (text.find("\n"), text.find("\r")) if i >= 0]
    return min(first, default=-1), max(text.rfind("\n"), text.rfind("\r"))


def _read_capped(file: io.TextIOWrapper) -> list[str]:
    """Like `readlines(BLOCK)`, but keeps only `MAX_LINE` + 1 characters of a longer line."""
    lines, size = [], 0
    while size < BLOCK and (line := file.readline(MAX_LINE + 1)):
        rest = line
        while len(rest) > MAX_LINE and rest[-1] not in "\r\n":
            rest = file.readline(MAX_LINE + 1)
        lines.append(line)
        size += len(line)
    return lines


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_ERRORS, _mark)
