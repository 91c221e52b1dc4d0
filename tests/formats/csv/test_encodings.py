"""Tables in other encodings than UTF-8: found or named, read, refused, and written back as they were stored."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zstandard

from tests.formats.csv.tables import open_table, read_values, rewritten, save
from tests.shell import run_zm
from tests.systems import slow
from zm_cli.errors import DataError, UsageError

TEXT = "name,x,naïve\n" + "".join(f"Zoë №{i},{i}.5,ü\n" for i in range(40))
MARKED = {
    "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
    "utf-32-le": b"\xff\xfe\0\0",
    "utf-32-be": b"\0\0\xfe\xff",
}
STORED = {
    "latin-1": "Zoë,café,Ångström",
    "cp1252": "“quoted”,€,ž",
    "cp1251": "Имя,число,ё",
    "shift_jis": "名前,表,ソ能",
    "euc_kr": "이름,값,한글",
    "gb18030": "名字,值,😀",
    "big5": "名字,數值,功",
    "iso2022_jp": "名前,表,日本",
    "utf-7": "naïve,+-,日本",
    "cp037": "a,b,é",
    "utf-16-le": "a,日本,😀",
    "utf-32-be": "a,日本,😀",
    "koi8-r": "имя,число,ё",
}


def table_in(codec: str) -> tuple[str, bytes]:
    """Returns a table with a column of characters that this codec can store, as text and as bytes."""
    cells = STORED[codec].split(",")
    text = f"{cells[0]},x\r\n" + "".join(f"{cells[i % 3]},{i}.0\r\n" for i in range(30))
    return text, text.encode(codec)


@pytest.mark.parametrize("codec", MARKED)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_a_table_with_a_byte_order_mark_needs_no_option(
    tmp_path: Path, tiny_pieces: None, codec: str, pack: Callable[[bytes], bytes]
) -> None:
    source = open_table(save(tmp_path, pack(MARKED[codec] + TEXT.encode(codec))))
    assert source.spec.names == ("x",)
    assert source.spec.text_columns == ("name", "naïve")
    assert source.facts().others["encoding"] == codec
    assert read_values(source).tolist() == [[i + 0.5] for i in range(40)]


@pytest.mark.parametrize("codec", STORED)
def test_a_named_encoding_is_read_in_pieces(tmp_path: Path, tiny_pieces: None, codec: str) -> None:
    text, data = table_in(codec)
    source = open_table(save(tmp_path, data), encoding=codec)
    assert source.spec.text_columns == (text.split(",")[0],)
    assert read_values(source).tolist() == [[float(i)] for i in range(30)]


@pytest.mark.parametrize("codec", MARKED)
def test_a_table_with_a_byte_order_mark_comes_back_with_it_in_its_encoding(tmp_path: Path, codec: str) -> None:
    data = MARKED[codec] + 'id,x,"q"\r\né,-1.0,"ü"\r\n"日",1.0,=A1\r\n'.encode(codec)
    assert rewritten(tmp_path, data) == data


@pytest.mark.parametrize("codec", STORED)
def test_untouched_cells_come_back_byte_for_byte(tmp_path: Path, codec: str) -> None:
    _, data = table_in(codec)
    assert rewritten(tmp_path, data, encoding=codec) == data


@slow
def test_a_pipe_may_hold_any_encoding(tmp_path: Path) -> None:
    text = "naïve,x\né,-1.0\nü,1.0\n"
    for data, options in (
        (b"\xff\xfe" + text.encode("utf-16-le"), ()),
        (text.encode("cp1252"), ("--encoding", "cp1252")),
    ):
        ran = run_zm("stats", "-", "--json", *options, stdin=gzip.compress(data))
        assert (ran.code, json.loads(ran.out)["names"]) == (0, ["x"])
        output = tmp_path / "out.csv"
        assert run_zm("center", "-", "-o", output, *options, stdin=data).code == 0
        assert output.read_bytes() == data


def test_statistics_of_a_utf16_table_fit_a_utf8_table(tmp_path: Path) -> None:
    text = "naïve,x\né,1\nü,3\n"
    stats = tmp_path / "s.json"
    wide = save(tmp_path, b"\xff\xfe" + text.encode("utf-16-le"), "wide.csv")
    plain = save(tmp_path, text, "plain.csv")
    assert run_zm("stats", wide, "-o", stats).code == 0
    assert "encoding" not in json.loads(stats.read_text())["decoding"]
    ran = run_zm("center", plain, "-o", tmp_path / "out.csv", "--stats", stats, "-q")
    assert (ran.code, ran.err) == (0, "")
    assert (tmp_path / "out.csv").read_text() == "naïve,x\né,-1.0\nü,1.0\n"


@slow
def test_the_same_text_has_the_same_statistics_in_every_encoding(tmp_path: Path) -> None:
    tables = {codec: TEXT.replace("№", "n").encode(codec) for codec in ("utf-8", "latin-1", "utf-16")}
    documents = []
    for codec, data in tables.items():
        ran = run_zm("stats", "-", "--json", "--encoding", codec, stdin=data)
        document = json.loads(ran.out)
        for source in document["sources"]:
            del source["bytes"]
        documents.append(document)
    assert documents[0] == documents[1] == documents[2]


def test_text_that_is_not_utf8_is_refused_with_its_row_and_a_hint(tmp_path: Path) -> None:
    path = save(tmp_path, "t,x\nabc,1\nabc,2\nソ,3\n".encode("shift_jis"))
    ran = run_zm("stats", path)
    assert ran.code == 3
    assert ran.err == (
        f"zm: error: {path}, row 3: is not UTF-8 text; if it is Latin-1 or Shift-JIS, "
        "say so with --encoding latin-1 or --encoding shift_jis\n"
    )
    assert read_values(open_table(path, encoding="shift_jis")).tolist() == [[1], [2], [3]]


@pytest.mark.parametrize(
    ("codec", "bad"),
    [
        ("ascii", b"\xe9"),
        ("cp1252", b"\x81"),
        ("shift_jis", b"\xff\xc3\xa9"),
        ("utf-7", b"+2AA-"),
        ("euc_jp", b"\xff"),
    ],
)
def test_the_error_names_the_row_with_invalid_bytes(tmp_path: Path, tiny_pieces: None, codec: str, bad: bytes) -> None:
    rows = b"".join(b"abc,%d\n" % i for i in range(20))
    for broken in (b"a%bc,7\n" % bad, b"abc,7%b\n" % bad, b'"%b",7\n' % bad):
        path = save(tmp_path, b"t,x\n" + rows + broken + rows)
        for columns in (("x",), ("t",)):
            with pytest.raises(DataError, match=r"row 21: is not .* text"):
                read_values(open_table(path, encoding=codec, columns=columns))


@pytest.mark.parametrize(("codec", "unit"), [("utf-16-le", 2), ("utf-32-be", 4)])
def test_the_error_names_the_row_of_a_cut_off_character(tmp_path: Path, codec: str, unit: int) -> None:
    data = MARKED[codec] + "t,x\na,1\nb,2\nc,3".encode(codec)
    for cut in range(1, unit):
        with pytest.raises(DataError, match="row 3: is not UTF"):
            read_values(open_table(save(tmp_path, data[:-cut])))


def test_a_lone_surrogate_is_not_text(tmp_path: Path) -> None:
    data = b"\xff\xfe" + "t,x\na,1\nb,2\n".encode("utf-16-le").replace(b"b\0", b"\0\xd8")
    with pytest.raises(DataError, match="row 2: is not UTF-16-LE text"):
        read_values(open_table(save(tmp_path, data)))


@pytest.mark.parametrize(
    "name", ["base64", "rot13", "hex", "zlib", "nonsense", "", "é", "idna", "undefined", "unicode_escape"]
)
def test_a_name_that_is_not_a_text_encoding_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is not an encoding") as caught:
        open_table(save(tmp_path, b"x\n1\n2\n"), encoding=name)
    assert caught.value.where == "--encoding"


def test_an_encoding_is_for_tables_only(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((2, 2)))
    ran = run_zm("stats", tmp_path, "--kind", "images", "--encoding", "latin-1")
    assert ran.code == 2
    assert "--encoding is for csv" in ran.err


@pytest.mark.parametrize(
    ("mark", "stored", "named", "fits"),
    [
        (b"\xff\xfe", "utf-16-le", "utf-16", True),
        (b"\xfe\xff", "utf-16-be", "UTF16", True),
        (b"\xef\xbb\xbf", "utf-8", "utf-8-sig", True),
        (b"", "utf-8", "utf-8-sig", True),
        (b"", "utf-16-le", "utf-16", True),
        (b"\xff\xfe", "utf-16-le", "utf-16-be", False),
        (b"\xef\xbb\xbf", "utf-8", "latin-1", False),
        (b"\xff\xfe", "utf-16-le", "utf-8", False),
    ],
)
def test_a_named_encoding_must_agree_with_the_mark(
    tmp_path: Path, mark: bytes, stored: str, named: str, fits: bool
) -> None:
    path = save(tmp_path, mark + "x\n1\n2\n".encode(stored))
    if fits:
        assert read_values(open_table(path, encoding=named)).tolist() == [[1], [2]]
    else:
        with pytest.raises(DataError, match="byte order mark of"):
            open_table(path, encoding=named)


def test_the_error_of_utf16_without_a_mark_suggests_the_option(tmp_path: Path) -> None:
    path = save(tmp_path, "a,b\n1,x\n".encode("utf-16-le"))
    with pytest.raises(DataError, match="--encoding utf-16"):
        open_table(path)


def test_a_note_says_that_text_is_written_with_other_bytes(tmp_path: Path) -> None:
    # Two codes of cp932 mean U+2252, which is written with the first.
    usual, other = b"\x81\xe0", b"\x87\x90"
    for cell, noted in ((usual, False), (other, True)):
        path = save(tmp_path, b"t,x\n%b,-1.0\n%b,1.0\n" % (cell, cell))
        output = tmp_path / "out.csv"
        ran = run_zm("center", path, "-o", output, "--encoding", "cp932")
        assert ran.code == 0
        assert ("several codes" in ran.err) is noted
        assert output.read_bytes() == b"t,x\n%b,-1.0\n%b,1.0\n" % (usual, usual)


@slow
@pytest.mark.parametrize("seed", range(12))
def test_text_on_which_a_codec_fails_is_an_error(seed: int, tmp_path: Path) -> None:
    signs = np.random.default_rng(seed).choice([27, 36, 66, 40, 33, 126, 200], 400)
    (tmp_path / "t.csv").write_bytes(b"a,b\n1,2\n" + signs.astype(np.uint8).tobytes())
    ran = run_zm("stats", tmp_path / "t.csv", "--encoding", "iso2022_jp")
    assert (ran.code, ran.err.count("\n")) == (3, 1), ran
    assert "internal error" not in ran.err
