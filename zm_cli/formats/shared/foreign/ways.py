"""Ways to read files that zm does not read itself.

Most give a command line that turns the file at a path into one that zm reads.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable

Advise = Callable[[str], str]
"""Takes the path of a file; returns the advice, as the end of a sentence."""

TABLES = (".csv", ".tsv", ".tab", ".txt", "")


def say(advice: str) -> Advise:
    """Returns the same advice for every file."""
    return lambda path: advice


def shell(line: str, remark: str = "") -> Advise:
    """Returns the advice to run a shell command, in which FILE stands for the file and STEM for it without suffixes."""

    def advise(path: str) -> str:
        names = {"FILE": shlex.quote(path), "STEM": shlex.quote(_find_stem(path))}
        return f"try: {_fill(line, names)}{remark and f' ({_fill(remark, names)})'}"

    return advise


def query(text: str) -> Advise:
    """Returns the advice to measure the result of a DuckDB query."""

    def advise(path: str) -> str:
        literal = "'" + path.replace("'", "''") + "'"
        return f"try: duckdb -csv -c {_quote(text.replace('FILE', literal))} | zm stats -"

    return advise


def pandas(read: str) -> Advise:
    """Returns the advice to read the table with a function of pandas, and measure it."""
    return _print_table("pandas", f"pandas.{read}", "to_csv(index=False)")


def polars(read: str) -> Advise:
    """Returns the advice to read the table with a function of polars, and measure it."""
    return _print_table("polars", f"polars.{read}", "write_csv()")


def astropy(read: str) -> Advise:
    """Returns the advice to read the table with a function of astropy.table, and measure it."""
    return _print_table("astropy.table", f"astropy.table.{read}", "to_pandas().to_csv(index=False)")


def datasets(read: str) -> Advise:
    """Returns the advice to read the table with a function of Hugging Face's datasets, and measure it."""
    return _print_table("datasets", f"datasets.{read}", "to_pandas().to_csv(index=False)")


def r(read: str) -> Advise:
    """Returns the advice to read the table with a function of R, and measure it."""

    def advise(path: str) -> str:
        code = f"write.csv({read.replace('FILE', _literal(path))}, row.names=FALSE)"
        return f"try: Rscript -e {_quote(code)} | zm stats -"

    return advise


def convert(code: str, suffix: str) -> Advise:
    """Returns the advice to run Python code that writes the file OUT, with this suffix, and to inspect that."""

    def advise(path: str) -> str:
        output = _find_stem(path) + suffix
        line = _fill(code, {"FILE": _literal(path), "OUT": _literal(output)})
        return f"try: python -c {_quote(line)} && zm inspect {shlex.quote(output)}"

    return advise


def convert_idx(path: str) -> str:
    """Returns the advice to convert an IDX file to a NumPy array with Python, and to inspect that."""
    module, opened = ("gzip, numpy", "gzip.open(FILE)") if path.endswith(".gz") else ("numpy", "open(FILE, 'rb')")
    code = (
        f"import {module}; d = {opened}.read(); s = numpy.frombuffer(d, '>i4', d[3], 4); "
        "t = {8: 'u1', 9: 'i1', 11: '>i2', 12: '>i4', 13: '>f4', 14: '>f8'}[d[2]]; "
        "numpy.save(OUT, numpy.frombuffer(d, t, offset=4 + 4 * d[3]).reshape(s))"
    )
    return convert(code, ".npy")(path)


def unpack(command: str) -> Advise:
    """Returns the advice to unpack a table straight into zm, and any other file beside itself."""

    def advise(path: str) -> str:
        name, suffix = os.path.splitext(path)
        if suffix.lower() in TABLES or os.path.splitext(name)[1].lower() in TABLES:
            return f"try: {command} -dc {shlex.quote(path)} | zm stats -"
        return unpack_beside(command)(path)

    return advise


def unpack_beside(command: str) -> Advise:
    """Returns the advice to unpack a file beside itself, and inspect it."""
    return lambda path: f"try: {command} -dk {shlex.quote(path)} && zm inspect {shlex.quote(os.path.splitext(path)[0])}"


def _print_table(module: str, read: str, write: str) -> Advise:
    """Returns the advice to print a table with Python, and measure it."""

    def advise(path: str) -> str:
        code = f"import {module}; print({read.replace('FILE', _literal(path))}.{write}, end='')"
        return f"try: python -c {_quote(code)} | zm stats -"

    return advise


def _fill(line: str, names: dict[str, str]) -> str:
    """Returns the line with the words replaced by the names; all at once, because a name may contain such a word."""
    return re.sub("|".join(names), lambda found: names[found[0]], line)


def _find_stem(path: str) -> str:
    """Returns the path without its suffixes, to name a new file or folder after it."""
    folder, name = os.path.split(path.rstrip("/"))
    stem = name.split(".")[0]
    return os.path.join(folder, stem if stem and stem != name else f"{name.strip('.')}-data")


def _literal(path: str) -> str:
    """Returns the path as a string literal of Python or R, in single quotes if possible."""
    return repr(path) if set(path) & set("'\\") else f"'{path}'"


def _quote(code: str) -> str:
    """Returns code as one word of a shell command: in double quotes if that is safe,
    because the code has single ones."""
    return shlex.quote(code) if set(code) & set('"$`\\!') else f'"{code}"'
