"""Reads the headers of the pages of a TIFF with Pillow, and with tifffile if Pillow cannot keep all of a page."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from typing import IO

from zm_cli.formats.images import arrays, tiff
from zm_cli.formats.images.arrays import ArrayType
from zm_cli.formats.images.header import Header, describe_picture
from zm_cli.formats.images.meaning import ASSOCIATED, PALETTE, WHITE_IS_ZERO
from zm_cli.formats.images.pictures import broken, open_tiff


def read_first_page(file: io.FileIO, stream: IO[bytes], suffix: str, path: str) -> tuple[Header, int]:
    """Returns the header of the first page that is an image of its own, and its offset;
    0 for the first page of the TIFF."""
    pages = tiff.walk_pages(stream)
    first = next(pages, None)
    if first is None:
        raise ValueError("it has no page")
    page, masked, copies = None if first.is_secondary else first, first.is_mask, first.is_reduced
    frames = True
    try:
        for other in pages:
            masked, copies = masked or other.is_mask, copies or other.is_reduced
            if not other.is_secondary and page is not None:
                break
            page = page or (None if other.is_secondary else other)
        else:
            frames = False
    except ValueError:
        # The following page is damaged, but it is still noted that there is one.
        pass
    remark = ""
    if page is None:
        remark = f"holds only {'a mask' if first.is_mask else 'a copy of lower resolution'}, which is read"
    planes = 1 if first.following else first.planes
    page = page or first
    where = 0 if page is first else page.offset
    header = describe_page(tiff.start_at(file, where) if where else stream, page, suffix, path)
    found = replace(header, frames=frames, masked=masked, copies=copies, planes=planes, remark=header.remark or remark)
    return found, where


def describe_page(stream: IO[bytes], page: tiff.Page, suffix: str, path: str) -> Header:
    """Returns the header of the page at the start of `stream`, read by tifffile if Pillow cannot keep all of it."""
    stream.seek(0)
    try:
        picture = open_tiff(stream)
    except broken():
        header = None
    else:
        header = describe_picture(picture, suffix)
        if not header.loss:
            return _add_tags(header, page)
        if not arrays.has_tifffile():
            return _add_tags(header, page)
    stream.seek(0)
    try:
        found = arrays.read_tiff_type(stream, page, path)
    except broken():
        if header is None:
            raise
        return _add_tags(header, page)
    meaning = found.meaning
    array = None if meaning.fault else ArrayType(meaning.dtype, meaning.channels)
    return _add_tags(
        replace(
            header or Header("", found.width, found.height, suffix),
            alpha=bool(meaning.alpha) or (header is not None and header.alpha),
            array=array,
            stored=None if meaning.indices else found.stored,
            fault=meaning.fault,
            origin=meaning.origin,
            remark=meaning.remark,
        ),
        page,
    )


def _add_tags(header: Header, page: tiff.Page) -> Header:
    """Returns the header, completed with the tags of the page that hold for any way of reading its pixels."""
    photometric = page.number(tiff.PHOTOMETRIC, WHITE_IS_ZERO)
    remarks = [header.remark] if header.remark else []
    as_stored = bool(remarks)
    if header.mode == "F" and photometric == WHITE_IS_ZERO:
        as_stored = True
        remarks.append("says that white is zero, but holds values of float32, which are read as stored")
    try:
        nodata = page.nodata
    except ValueError:
        nodata = math.nan
        remarks.append(f"declares '{page.text(tiff.NODATA)}' as no data, which is not a number and has no effect")
    white_is_zero = photometric == WHITE_IS_ZERO and not as_stored
    recoded = ""
    if photometric == PALETTE:
        recoded = "indices become the colours of a palette"
    elif white_is_zero:
        recoded = "values that count from white are inverted"
    elif header.origin:
        recoded = "inks become colours"
    elif ASSOCIATED in page.numbers(tiff.EXTRA_SAMPLES):
        recoded = "colours are divided by their alpha"
    elif page.number(tiff.BITS, 1) < 8:
        recoded = "values of less than 8 bits are scaled"
    return replace(
        header,
        width=page.number(tiff.WIDTH, header.width),
        height=page.number(tiff.HEIGHT, header.height),
        orientation=page.orientation,
        is_indexed=photometric == PALETTE,
        white_is_zero=white_is_zero,
        recoded=recoded,
        nodata=None if math.isnan(nodata) else nodata,
        remark="; ".join(remarks),
    )
