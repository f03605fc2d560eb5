"""Cuts psql scripts into statements, as psql does (its manual page, and "Lexical Structure")."""
import re

# What the cutting must step over whole, or stop at; all else is text.
TOKEN = re.compile(
    r"""
    (?P<line>--[^\n]*)
    | (?P<open>/\*)
    | (?P<escape>[eE]'(?:[^'\\]|\\.|'')*')
    | (?P<string>'(?:[^']|'')*')
    | (?P<name>"(?:[^"]|"")*")
    | (?P<dollar>\$(?:[A-Za-z_\x80-\uffff][A-Za-z_0-9\x80-\uffff]*)?\$)
    | (?P<word>[A-Za-z_\x80-\uffff][A-Za-z_0-9$\x80-\uffff]*)
    | (?P<meta>\\[^\n]*)
    | (?P<round>[()])
    | (?P<end>;)
    """,
    re.VERBOSE | re.DOTALL,
)
COPY_FROM_STDIN = re.compile(r"\s*copy\b.*\bfrom\s+stdin\b", re.IGNORECASE | re.DOTALL)
ATOMIC = re.compile(r"\bbegin\s+atomic\b", re.IGNORECASE)
BLOCK = re.compile(r"\b(case|begin|end)\b", re.IGNORECASE)


def end_of_comment(text, at):
    """Where a comment ends whose opening is at `at`; they nest."""
    depth = 0
    for mark in re.compile(r"/\*|\*/").finditer(text, at):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def end_of_data(text, at):
    """Where the lines end that COPY takes from the script itself, from `at` on."""
    stop = text.find("\n\\.", at)
    return len(text) if stop < 0 else stop + 3


def open_blocks(statement):
    """How many BEGIN ATOMIC and CASE of a function's body are still open."""
    found = ATOMIC.search(statement)
    if not found:
        return 0
    return sum(-1 if word.group().lower() == "end" else 1 for word in BLOCK.finditer(statement, found.start()))


def statements(text):
    """The statements of a script; what psql itself acts on (backslash commands, COPY's data) is left out."""
    at, begin, depth = 0, 0, 0
    kept = []
    while token := TOKEN.search(text, at):
        kind, at = token.lastgroup, token.end()
        if kind == "open":
            at = end_of_comment(text, token.start())
        elif kind == "dollar":
            close = text.find(token.group(), at)
            at = len(text) if close < 0 else close + len(token.group())
        elif kind == "round":
            depth = max(0, depth + (1 if token.group() == "(" else -1))
        elif kind == "meta":
            # \g, \gset and their like send what stands before them; other commands are dropped
            whole = "".join(kept) + text[begin : token.start()]
            if token.group().startswith((r"\g", r"\;", r"\crosstabview")):
                yield whole
                kept = []
            else:
                kept = [whole]
            if COPY_FROM_STDIN.match(token.group()[1:]):
                at = end_of_data(text, at)
            begin, depth = at, 0
        elif kind == "end" and depth == 0:
            whole = "".join(kept) + text[begin : token.start()]
            if open_blocks(whole) > 0:
                continue
            yield whole
            kept, begin = [], at
            if COPY_FROM_STDIN.match(whole):
                at = begin = end_of_data(text, at)
