"""tests/mutation/mutants.py - small wrong changes to C sources, token by token.

A mutant changes one place inside a function: a comparison, a logical or bit operator, a sum, a
constant, a condition, or it leaves a statement out. What only people read (log messages) and what
is for our own bugs (assert) is left alone.
"""
import re
from typing import NamedTuple

TOKEN = re.compile(r"""
    (?P<space>\s+|/\*.*?\*/|//[^\n]*) |
    (?P<directive>^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*) |
    (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+') |
    (?P<number>\b(?:0[xX][0-9a-fA-F]+|\d+)[uUlL]*\b) |
    (?P<name>[A-Za-z_]\w*) |
    (?P<operator><<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)
""", re.VERBOSE | re.DOTALL | re.MULTILINE)

OPERATORS = {
    "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"],
    "==": ["!="], "!=": ["=="], "&&": ["||"], "||": ["&&"],
    "+": ["-"], "-": ["+"], "|": ["&"], "<<": [">>"], ">>": ["<<"],
    "+=": ["-="], "-=": ["+="], "|=": ["&="], "&=": ["|="], "++": ["--"],
}
# Calls and declarations that are no part of what is tested.
SPARED = re.compile(r"^(?:log_\w+|assert|static_assert|out_\w+|nvme_trace_\w+|return)$")
DECLARES = re.compile(r"^(?:const|static|struct|enum|union|unsigned|signed|int|char|bool|void"
                      r"|size_t|u?int\d+_t|uintptr_t|atomic_\w+|va_list|else|do|case|default"
                      r"|goto|for|while|if|switch|return|break|continue)$")


class Token(NamedTuple):
    """A token and where it begins."""
    kind: str
    text: str
    at: int


class Mutant(NamedTuple):
    """A change of text[at:end] into new."""
    path: str
    at: int
    end: int
    new: str
    kind: str
    line: int
    before: str
    after: str


def tokens_of(text):
    """Everything but blanks, comments and directives."""
    return [Token(m.lastgroup, m.group(0), m.start()) for m in TOKEN.finditer(text)
            if m.lastgroup not in ("space", "directive")]


def bodies(tokens):
    """Index ranges (first, past last) of the bodies of functions: braces that follow ')'."""
    depth, index = 0, 0
    while index < len(tokens):
        text = tokens[index].text
        if text == "{" and depth == 0:
            is_function = index > 0 and tokens[index - 1].text == ")"
            end, inner = index + 1, 1
            while end < len(tokens) and inner:
                inner += {"{": 1, "}": -1}.get(tokens[end].text, 0)
                end += 1
            if is_function:
                yield index + 1, end - 1
            index = end
            continue
        index += 1


def closing(tokens, index):
    """Index of the bracket that closes the one at index."""
    pairs = {"(": ")", "{": "}", "[": "]"}
    opened, depth = tokens[index].text, 0
    while index < len(tokens):
        text = tokens[index].text
        depth += (text == opened) - (text == pairs[opened])
        if depth == 0:
            return index
        index += 1
    return len(tokens) - 1


def spared_ranges(tokens, first, last):
    """Token indices inside calls that are left alone."""
    spared = set()
    for index in range(first, last - 1):
        if tokens[index].kind == "name" and SPARED.match(tokens[index].text) and \
                tokens[index].text != "return" and tokens[index + 1].text == "(":
            spared.update(range(index, closing(tokens, index + 1) + 1))
    return spared


def is_binary(tokens, index):
    """The operator at index stands between two operands."""
    before = tokens[index - 1]
    return before.kind in ("name", "number") and before.text not in ("return", "case", "sizeof") \
        or before.text in (")", "]")


def operator_changes(tokens, index):
    """Other operators for the one at index."""
    token = tokens[index]
    if token.text in ("+", "-", "<", ">", "&", "*", "<<") and not is_binary(tokens, index):
        return []
    if token.text == "-" and tokens[index + 1].text.startswith("E") and \
            tokens[index + 1].text.isupper():
        return []
    return OPERATORS.get(token.text, [])


def number_changes(token):
    """Other numbers for a number."""
    digits = re.match(r"(0[xX][0-9a-fA-F]+|\d+)(\w*)", token.text)
    value = int(digits.group(1), 0) if digits.group(1) != "0" else 0
    return [f"{value + 1}{digits.group(2)}"] + ([f"{value - 1}{digits.group(2)}"] if value else [])


def statement_changes(tokens, index):
    """(end index, new, kind) for a statement that begins at index."""
    token = tokens[index]
    if token.text in ("break", "continue") and tokens[index + 1].text == ";":
        yield index + 1, ";", "left out"
        return
    if token.text == "return" and tokens[index + 1].text != ";":
        end = index
        while tokens[end].text != ";":
            end += 1
        value = [t.text for t in tokens[index + 1:end]]
        if value == ["0"]:
            yield end, "return -5;", "return"
        elif value in (["true"], ["false"]):
            yield end, "return " + ("false;" if value == ["true"] else "true;"), "return"
        elif value[:1] == ["-"] or value == ["err"]:
            yield end, "return 0;", "return"
        return
    if token.kind not in ("name", "operator") or DECLARES.match(token.text) or \
            (token.kind == "name" and SPARED.match(token.text)) or token.text in "{};)":
        return
    end, depth = index, 0
    while end < len(tokens) and (tokens[end].text != ";" or depth):
        depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(tokens[end].text, 0)
        if depth < 0:
            return
        end += 1
    words = [t.text for t in tokens[index:end]]
    assigns = any(w in ("=", "+=", "-=", "|=", "&=", "++", "--", "^=", "<<=", ">>=") for w in words)
    is_call = token.kind == "name" and words[1:2] == ["("] and words[-1] == ")"
    declares = len(words) > 1 and tokens[index + 1].kind == "name"
    if (assigns or is_call) and not declares:
        yield end, ";", "left out"


def changes(tokens, first, last):
    """(first index, last index, new, kind) of each change in one body."""
    spared = spared_ranges(tokens, first, last)
    for index in range(first, last):
        token = tokens[index]
        if index in spared:
            continue
        if token.kind == "operator":
            for new in operator_changes(tokens, index):
                yield index, index, new, "operator"
        elif token.kind == "number" and tokens[index - 1].text != "case":
            for new in number_changes(token):
                yield index, index, new, "constant"
        elif token.text == "if" and tokens[index + 1].text == "(":
            yield index + 1, index + 1, "(!(", "negated"
            yield index + 1, index + 1, "(0 && (", "skipped"
        if tokens[index - 1].text in ("{", "}", ";", ")", "else", ":"):
            for end, new, kind in statement_changes(tokens, index):
                yield index, end, new, kind


def mutants_of(path, text):
    """Every mutant of a source."""
    tokens = tokens_of(text)
    for first, last in bodies(tokens):
        for begin, end, new, kind in changes(tokens, first, last):
            at, stop = tokens[begin].at, tokens[end].at + len(tokens[end].text)
            if kind in ("negated", "skipped"):  # the condition, with its bracket closed twice
                close = closing(tokens, begin)
                stop = tokens[close].at + 1
                new = new + text[at + 1:stop - 1] + "))"
            line = text.count("\n", 0, at) + 1
            left, right = text.rfind("\n", 0, at) + 1, text.find("\n", stop)
            before = " ".join(text[left:right].split())
            after = " ".join((text[left:at] + new + text[stop:right]).split())
            yield Mutant(path, at, stop, new, kind, line, before, after)
