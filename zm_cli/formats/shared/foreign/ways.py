"""Ways to read with zm what zm does not read itself: each takes a path, and returns what to do as a line to type."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable

Advise = Callable[[str], str]
"""Takes the path of a file; returns the end of a sentence."""

TABLES = (".csv", ".tsv", ".tab", ".txt", "")


def say(advice: str) -> Advise:
    """The same advice for every file."""
    return lambda path: advice


def shell(line: str, remark: str = "") -> Advise:
    """A line for a shell; FILE stands for the file, STEM for it without its suffixes."""

    def advise(path: str) -> str:
        names = {"FILE": shlex.quote(path), "STEM": shlex.quote(_find_stem(path))}
        return f"try: {_fill(line, names)}{remark and f' ({_fill(remark, names)})'}"

    return advise


def query(text: str) -> Advise:
    """A query for DuckDB, whose result is measured."""

    def advise(path: str) -> str:
        literal = "'" + path.replace("'", "''") + "'"
        return f"try: duckdb -csv -c {_quote(text.replace('FILE', literal))} | zm stats -"

    return advise


def pandas(read: str) -> Advise:
    """A function of pandas that reads the table, which is measured."""
    return _print_table("pandas", f"pandas.{read}", "to_csv(index=False)")


def polars(read: str) -> Advise:
    """A function of polars that reads the table, which is measured."""
    return _print_table("polars", f"polars.{read}", "write_csv()")


def astropy(read: str) -> Advise:
    """A function of astropy's tables that reads the table, which is measured."""
    return _print_table("astropy.table", f"astropy.table.{read}", "to_pandas().to_csv(index=False)")


def datasets(read: str) -> Advise:
    """A function of Hugging Face's datasets that reads the table, which is measured."""
    return _print_table("datasets", f"datasets.{read}", "to_pandas().to_csv(index=False)")


def r(read: str) -> Advise:
    """A function of R that reads the table, which is measured."""

    def advise(path: str) -> str:
        code = f"write.csv({read.replace('FILE', _literal(path))}, row.names=FALSE)"
        return f"try: Rscript -e {_quote(code)} | zm stats -"

    return advise


def convert(code: str, suffix: str) -> Advise:
    """A line of Python that writes the file OUT, of this suffix, which is then looked at."""

    def advise(path: str) -> str:
        output = _find_stem(path) + suffix
        line = _fill(code, {"FILE": _literal(path), "OUT": _literal(output)})
        return f"try: python -c {_quote(line)} && zm inspect {shlex.quote(output)}"

    return advise


def convert_idx(path: str) -> str:
    """A line of Python that turns an IDX file into a NumPy array, which is then looked at."""
    module, opened = ("gzip, numpy", "gzip.open(FILE)") if path.endswith(".gz") else ("numpy", "open(FILE, 'rb')")
    code = (
        f"import {module}; d = {opened}.read(); s = numpy.frombuffer(d, '>i4', d[3], 4); "
        "t = {8: 'u1', 9: 'i1', 11: '>i2', 12: '>i4', 13: '>f4', 14: '>f8'}[d[2]]; "
        "numpy.save(OUT, numpy.frombuffer(d, t, offset=4 + 4 * d[3]).reshape(s))"
    )
    return convert(code, ".npy")(path)


def unpack(command: str) -> Advise:
    """A line that unpacks a table straight into zm, and another file beside itself."""

    def advise(path: str) -> str:
        name, suffix = os.path.splitext(path)
        if suffix.lower() in TABLES or os.path.splitext(name)[1].lower() in TABLES:
            return f"try: {command} -dc {shlex.quote(path)} | zm stats -"
        return unpack_beside(command)(path)

    return advise


def unpack_beside(command: str) -> Advise:
    """A line that unpacks a file beside itself, and looks at it."""
    return lambda path: f"try: {command} -dk {shlex.quote(path)} && zm inspect {shlex.quote(os.path.splitext(path)[0])}"


def _print_table(module: str, read: str, write: str) -> Advise:
    """A line of Python that prints a table, which is measured."""

    def advise(path: str) -> str:
        code = f"import {module}; print({read.replace('FILE', _literal(path))}.{write}, end='')"
        return f"try: python -c {_quote(code)} | zm stats -"

    return advise


def _fill(line: str, names: dict[str, str]) -> str:
    """The line with each of the words replaced; at once, because a name may contain such a word."""
    return re.sub("|".join(names), lambda found: names[found[0]], line)


def _find_stem(path: str) -> str:
    """The path without its suffixes, to name a new file or folder after it."""
    folder, name = os.path.split(path.rstrip("/"))
    stem = name.split(".")[0]
    return os.path.join(folder, stem if stem and stem != name else f"{name.strip('.')}-data")


def _literal(path: str) -> str:
    """The path as a text in Python or R, in single quotes where that is possible."""
    return repr(path) if set(path) & set("'\\") else f"'{path}'"


def _quote(code: str) -> str:
    """Code as one word of a shell's line: in double quotes where that is safe, because the code has single ones."""
    return shlex.quote(code) if set(code) & set('"$`\\!') else f'"{code}"'
