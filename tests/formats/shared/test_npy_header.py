"""Headers of `.npy` files: read as NumPy reads them or refused with a ValueError, never evaluated."""

from __future__ import annotations

import io
import time
import tracemalloc
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.systems import examples
from zm_cli.formats.shared.npy_header import MAX_HEADER_BYTES, NpyHeader, read_npy_header

NUMBER_TYPES = [
    order + name
    for name in ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
    for order in "<>"
]
VERSIONS = [(1, 0), (2, 0), (3, 0)]
PIECES = (
    b"'descr'", b'"descr"', b"'fortran_order'", b"'shape'", b"True", b"False", b"()", b"(3,)", b"(3)", b"(3, 4)", b"3L",
    b"03", b"-1", b"1_000", b"'<f8'", b"'float32'", b"'|O'", b"'<U3'", b"'V8'", b"'a3'", b"'<M8[ns]'",
    b"[('a', '<f4')]", b"'f4,f4'", b"'3f4'", b"{", b"}", b"(", b")", b",", b":", b"'", b'"', b" ", b"\t", b"\n", b"\r",
    b"\0", b"\x0c", b"\\", b"#", b"L", b"b", b"\xff", "٣".encode(), b"9" * 20, b"__import__('os')",
)  # fmt: skip


def save(values: NDArray[Any], version: tuple[int, int] | None = None) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings():
        # NumPy warns of the later versions, which older releases of it cannot read.
        warnings.simplefilter("ignore", UserWarning)
        np.lib.format.write_array(stream, values, version, allow_pickle=True)
    return stream.getvalue()


def frame(header: str | bytes, version: tuple[int, int] = (1, 0)) -> bytes:
    """Returns a `.npy` file without data that has this text as its header."""
    text = header.encode() if isinstance(header, str) else header
    length = len(text).to_bytes(2 if version == (1, 0) else 4, "little")
    return b"\x93NUMPY" + bytes(version) + length + text


def read(data: bytes, kinds: str = "biufc") -> tuple[NpyHeader, int]:
    """Returns the header, and the position at which the stream is left."""
    stream = io.BytesIO(data)
    return read_npy_header(stream, kinds), stream.tell()


IMPLEMENTATION: Any = getattr(np.lib, "_format_impl", np.lib.format)
"""The module of NumPy's readers, which was the public one in early versions 2."""


def read_with_numpy(data: bytes) -> tuple[NpyHeader, int]:
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
        # The reader of version 3.0 has no public name.
        (3, 0): lambda stream: IMPLEMENTATION._read_array_header(stream, (3, 0)),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shape, fortran_order, dtype = readers[version](stream)
    return NpyHeader(dtype, shape, fortran_order), stream.tell()


@st.composite
def arrays(draw: st.DrawFn) -> NDArray[Any]:
    dtype = draw(st.sampled_from(NUMBER_TYPES))
    shape = tuple(draw(st.lists(st.integers(0, 4), max_size=5)))
    values = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    return draw(st.sampled_from((values, np.asfortranarray(values), values[..., ::-1] if shape else values)))


@st.composite
def mutated_files(draw: st.DrawFn) -> bytes:
    data = bytearray(save(draw(arrays()), draw(st.sampled_from(VERSIONS))))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        stop = draw(st.integers(start, min(start + 12, len(data))))
        data[start:stop] = draw(st.sampled_from(PIECES) | st.binary(max_size=3))
    return bytes(data)


@st.composite
def rebuilt_headers(draw: st.DrawFn) -> bytes:
    """Headers put together from pieces that a dictionary of an array may be made of."""
    gap = st.sampled_from((b"", b"", b" ", b"\t", b"\n", b" \n "))
    integer = st.sampled_from((b"0", b"7", b"10", b"3L", b"03", b"-1", b"True", b"9223372036854775807", b"9" * 19))
    values = {
        b"descr": st.sampled_from((b"'<f8'", b'">u2"', b"'|b1'", b"'f'", b"'?'", b"'int16'", b"'|O'", b"'<U3'", b"8")),
        b"fortran_order": st.sampled_from((b"True", b"False", b"1", b"None")),
        b"shape": st.lists(integer, max_size=3).flatmap(
            lambda sizes: st.sampled_from((b"(%s)", b"(%s,)", b"[%s]", b"( %s , )")).map(
                lambda brackets: brackets % b", ".join(sizes)
            )
        ),
    }
    keys = draw(st.permutations(list(values)) | st.lists(st.sampled_from(list(values)), max_size=4))
    quote = draw(st.sampled_from((b"'", b'"')))
    entries = [
        draw(gap) + quote + key + quote + draw(gap) + b":" + draw(gap) + draw(values[key]) + draw(gap) for key in keys
    ]
    comma = draw(st.sampled_from((b"", b", ", b",", b",,")))
    text = (
        draw(gap) + b"{" + b",".join(entries) + comma + b"}" + draw(gap) + draw(st.sampled_from((b"", b"\n", b"\n ")))
    )
    return frame(text, draw(st.sampled_from(VERSIONS)))


# What NumPy writes


@given(values=arrays(), version=st.sampled_from(VERSIONS))
def test_what_numpy_saves_is_read_as_numpy_reads_it(values: NDArray[Any], version: tuple[int, int]) -> None:
    data = save(values, version)
    header, end = read(data)
    assert (header, end) == read_with_numpy(data)
    assert header.nbytes == len(data) - end
    found = header.as_array(data, end)
    assert (found.dtype, found.shape) == (values.dtype, values.shape)
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("dtype", [np.longdouble, np.clongdouble])
def test_long_doubles_are_numbers(dtype: Any) -> None:
    data = save(np.ones(3, dtype))
    assert read(data) == read_with_numpy(data)


@pytest.mark.parametrize("shape", [(), (0,), (0, 2**62), (1,) * 64])
def test_every_shape_that_numpy_saves_is_read(shape: tuple[int, ...]) -> None:
    data = save(np.zeros(shape, np.int8))
    header, end = read(data)
    assert header.shape == shape
    assert header.as_array(data, end).shape == shape


def test_headers_of_python_2_and_of_other_writers_are_read() -> None:
    for text, shape, fortran in (
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (3L, 4L), }  \n", (3, 4), False),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (3L,), }\n", (3,), False),
        ('{"shape":(3,4),"descr":"<f8","fortran_order":True}', (3, 4), True),
        ("  {'shape': (3, 4,),\n 'fortran_order': False,\t'descr': 'float64',}\n\n", (3, 4), False),
    ):
        for version in VERSIONS[:2]:
            data = frame(text, version)
            assert read(data) == read_with_numpy(data) == (NpyHeader(np.dtype("<f8"), shape, fortran), len(data))


def test_text_is_read_where_it_is_expected() -> None:
    data = save(np.array("abc"))
    header, end = read(data, kinds="U")
    assert str(header.as_array(data, end)) == "abc"
    with pytest.raises(ValueError, match="values of dtype <U3 are not read"):
        read(data)
    with pytest.raises(ValueError, match="values of dtype float64 are not read"):
        read(save(np.ones(3)), kinds="U")


# What is refused


@settings(max_examples=examples(500))
@given(data=mutated_files() | rebuilt_headers())
@example(data=frame("{'descr': '<f8', 'fortran_order': False, 'shape': (3L,), }\n", (3, 0)))
@example(data=frame("\n {'descr': '<f8', 'fortran_order': False, 'shape': (3,), }\n"))
@example(data=frame("{'descr': '<f8', 'fortran_order': False, 'shape': (3), }\n"))
def test_any_header_is_read_as_numpy_reads_it_or_is_a_value_error(data: bytes) -> None:
    try:
        found = read(data)
    except ValueError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert found == read_with_numpy(data)


@pytest.mark.parametrize(
    ("values", "match"),
    [
        (np.array([{}], object), "values of dtype object are not read"),
        (np.array(["a"]), "values of dtype <U1 are not read"),
        (np.array([b"a"]), r"values of dtype \|S1 are not read"),
        (np.zeros(2, "V8"), r"values of dtype \|V8 are not read"),
        (np.zeros(2, "M8[ns]"), "does not describe a plain array"),
        (np.zeros(2, [("a", "f4")]), "does not describe a plain array"),
    ],
)
def test_what_is_not_numbers_is_refused(values: NDArray[Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        read(save(values))


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "not a .npy file"),
        (b"\x93NUMPZ\1\0", "not a .npy file"),
        (b"\x93NUMPY\4\0", r"version 4\.0 of the \.npy format is not known"),
        (b"\x93NUMPY\1", "not a .npy file"),
        (b"\x93NUMPY\1\0\1", "header is truncated"),
        (b"\x93NUMPY\1\0\x10\0{'descr'", "header is truncated"),
        (b"\x93NUMPY\2\0\xff\xff\xff\xff", "header takes 4,294,967,295 bytes, more than 10,000"),
        (frame("{'descr': '<f8', 'fortran_order': False, 'shape': (-3,), }"), "does not describe a plain array"),
        (frame("{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999999999999,), }"), "a plain array"),
        (frame("{'descr': '<f9', 'fortran_order': False, 'shape': (), }"), "does not describe a plain array"),
        (frame("{'descr': '<f8', 'fortran_order': False, }"), "does not describe a plain array"),
        (frame("print()"), "does not describe a plain array"),
    ],
)
def test_a_damaged_header_is_refused_in_plain_words(data: bytes, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        read(data)


def test_data_shorter_than_the_header_says_are_truncated() -> None:
    data = save(np.ones(3))
    header, end = read(data)
    with pytest.raises(ValueError, match="it is truncated"):
        header.as_array(data[:-1], end)


@pytest.mark.parametrize(
    "text",
    [
        b"{" + b" " * MAX_HEADER_BYTES,
        b"{'shape': (" + b"1," * 4990,
        b"{'shape': (" + b"1 ,\n" * 2490,
        b"{" + b"'shape':()," * 900,
        b"{" * MAX_HEADER_BYTES,
        b"{'descr': '" + b"f" * 9980,
    ],
)
def test_a_hostile_header_takes_neither_time_nor_memory(text: bytes) -> None:
    data = frame(text[:MAX_HEADER_BYTES], (2, 0))
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(ValueError, match="plain array"):
        read(data)
    seconds, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 1
    assert peak < 5_000_000
