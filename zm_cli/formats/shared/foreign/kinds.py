"""The kinds of files that zm does not read: the name of each, how it is recognized, and how to read it nevertheless."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from zm_cli.formats.shared.foreign.heads import (
    ARFF,
    HTML,
    NUMBERS,
    are_json_lines,
    fits,
    is_idx,
    is_json,
    is_nifti,
    is_safetensors,
)
from zm_cli.formats.shared.foreign.kind import Foreign
from zm_cli.formats.shared.foreign.ways import (
    astropy,
    convert,
    convert_idx,
    datasets,
    pandas,
    polars,
    query,
    r,
    say,
    shell,
    unpack,
)

_IN_PYTHON = "open it in Python and save its array with numpy.save"
_AS_CSV = "save the table in it as CSV"

_LMDB = Foreign(
    "an LMDB database", say("read it with lmdb in Python and save what it holds as files"), (".lmdb", ".mdb")
)
_ZARR = Foreign(
    "a Zarr store",
    convert(
        "import numpy, zarr; z = zarr.open(FILE, mode='r'); "
        "numpy.savez(OUT, **({'x': z[:]} if hasattr(z, 'shape') else {k: a[:] for k, a in z.arrays()}))",
        ".npz",
    ),
    (".zarr",),
)
OFFICE = Foreign("an Office document", say(_AS_CSV), (".doc", ".docx", ".ppt", ".pptx"), (b"\xd0\xcf\x11\xe0\xa1\xb1",))
EXCEL = Foreign("an Excel workbook", pandas("read_excel(FILE)"), (".xlsx", ".xlsm", ".xls", ".xlsb"))
_CALC = Foreign("an OpenDocument table", pandas("read_excel(FILE, engine='odf')"), (".ods",))
_TORCH = Foreign("a PyTorch file", say(_IN_PYTHON), (".pt", ".pth", ".ckpt"))
_ZIP = Foreign("a zip archive", shell("unzip FILE -d STEM && zm inspect STEM"), (".zip",))

JSON_LINES = Foreign(
    "a file of JSON lines",
    query("from read_json(FILE)"),
    (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"),
    matches=are_json_lines,
    may_be_packed=True,
)
RECEIPT = Foreign("a receipt of zm", say("name the data that it lies beside"), (".zm.json",))
STATS = Foreign(
    "a stats file, not data",
    say("save it to a file: zm inspect shows it, and --stats applies it"),
    starts=(b'{\n  "format": "zm-stats"',),
    kind="stats",
)
JSON = Foreign(
    "a JSON file",
    pandas("read_json(FILE)"),
    (".json", ".json.gz", ".geojson"),
    (b'{"', b'[{"'),
    is_json,
    may_be_packed=True,
)

BINARIES: tuple[Foreign, ...] = (
    Foreign("a Parquet file", query("from read_parquet(FILE)"), (".parquet", ".parq", ".pq"), (b"PAR1\x15",)),
    Foreign("an Arrow file", polars("read_ipc(FILE)"), starts=(b"ARROW1\0\0",)),
    Foreign("an Avro file", polars("read_avro(FILE)"), (".avro",), (b"Obj\x01",)),
    Foreign("a bzip2 file", unpack("bzip2"), (".bz2",), (b"BZh",)),
    Foreign("an xz file", unpack("xz"), (".xz",), (b"\xfd7zXZ\0",)),
    Foreign("an lz4 file", unpack("lz4"), (".lz4",), (b"\x04\x22\x4d\x18",)),
    Foreign("a 7-Zip archive", shell("7z x FILE -oSTEM && zm inspect STEM"), (".7z",), (b"7z\xbc\xaf\x27\x1c",)),
    Foreign("a RAR archive", shell("unrar x FILE STEM/ && zm inspect STEM"), (".rar",), (b"Rar!\x1a\x07",)),
    Foreign(
        "a tar archive",
        shell("mkdir -p STEM && tar -xf FILE -C STEM && zm inspect STEM"),
        (".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst"),
        matches=lambda head: head[257:262] == b"ustar",
        may_be_packed=True,
    ),
    Foreign(
        "a netCDF file of the classic format",
        shell("nc3tonc4 FILE STEM.nc4 && zm inspect STEM.nc4", "nc3tonc4 comes with the Python package netCDF4"),
        (".cdf",),
        (b"CDF\x01", b"CDF\x02", b"CDF\x05"),
    ),
    Foreign("an HDF4 file", say("convert it to HDF5, for example with h4toh5"), (".hdf4",), (b"\x0e\x03\x13\x01",)),
    Foreign(
        "an SQLite database",
        shell("sqlite3 -csv -header FILE 'select * from TABLE' | zm stats -", "sqlite3 FILE .tables lists the tables"),
        (".sqlite", ".sqlite3", ".db3", ".gpkg"),
        (b"SQLite format 3\0",),
    ),
    OFFICE,
    Foreign("a PDF document", say(_AS_CSV), (".pdf",), (b"%PDF-",)),
    Foreign(
        "a FITS table",
        astropy("Table.read(FILE)"),
        matches=lambda head: head.startswith(b"SIMPLE  =") and head.startswith(b"XTENSION= 'BINTABLE'", 2880),
    ),
    Foreign(
        "a FITS file",
        convert("import numpy; from astropy.io import fits; numpy.save(OUT, fits.getdata(FILE))", ".npy"),
        (".fits", ".fit", ".fts"),
        (b"SIMPLE  =",),
    ),
    Foreign(
        "a DICOM file",
        convert("import numpy, pydicom; numpy.save(OUT, pydicom.dcmread(FILE).pixel_array)", ".npy"),
        (".dcm", ".dicom"),
        matches=lambda head: head[128:132] == b"DICM",
    ),
    Foreign(
        "a NIfTI file",
        convert("import nibabel, numpy; numpy.save(OUT, nibabel.load(FILE).get_fdata())", ".npy"),
        (".nii", ".nii.gz"),
        matches=is_nifti,
        may_be_packed=True,
    ),
    Foreign(
        "a MATLAB file older than version 7.3",
        convert(
            "import numpy, scipy.io; "
            "numpy.savez(OUT, **{k: v for k, v in scipy.io.loadmat(FILE).items() if not k.startswith('_')})",
            ".npz",
        ),
        (".mat",),
        (b"MATLAB 5.0 MAT-file",),
    ),
    Foreign(
        "a WAV file",
        convert("import numpy, scipy.io.wavfile; numpy.save(OUT, scipy.io.wavfile.read(FILE)[1])", ".npy"),
        (".wav",),
        matches=lambda head: head[:4] == b"RIFF" and head[8:12] == b"WAVE",
    ),
    Foreign(
        "a pickle",
        say(f"opening it can run any program; if you trust it, {_IN_PYTHON}"),
        (".pkl", ".pickle", ".joblib"),
        (b"\x80\x02", b"\x80\x03", b"\x80\x04\x95", b"\x80\x05\x95"),
    ),
    Foreign("an IDX file, the format of MNIST", convert_idx, ("-ubyte", ".idx"), matches=is_idx, may_be_packed=True),
    Foreign(
        "a safetensors file",
        convert("import numpy; from safetensors.numpy import load_file; numpy.savez(OUT, **load_file(FILE))", ".npz"),
        (".safetensors",),
        matches=is_safetensors,
    ),
    Foreign("an HDF5 file", say("open it with --kind hdf5"), (), (b"\x89HDF", b"MATLAB 7.3 MAT-file"), kind="hdf5"),
    Foreign("a NumPy array", say("open it with --kind npy"), (), (b"\x93NUMPY",), kind="npy"),
    Foreign(
        "an image",
        say("open it with --kind images"),
        starts=(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*"),
        kind="images",
    ),
)
"""Binary files, which are recognized by their first bytes."""

TEXTS: tuple[Foreign, ...] = (
    Foreign(
        "a Git LFS pointer",
        say("get the file that it stands for with git lfs pull"),
        starts=(b"version https://git-lfs.github.com/spec/",),
    ),
    Foreign(
        "an ARFF file",
        shell(
            """awk 'd && NF && !/^%/; tolower($1) == "@data" {d = 1}' FILE | zm stats - --no-header --null-value '?'"""
        ),
        (".arff",),
        (b"@relation ", b"@RELATION ", b"@Relation "),
        fits(ARFF),
    ),
    Foreign(
        "a Matrix Market file",
        convert(
            "import numpy, scipy.io; x = scipy.io.mmread(FILE); "
            "numpy.save(OUT, x.toarray() if hasattr(x, 'toarray') else x)",
            ".npy",
        ),
        (".mtx",),
        (b"%%MatrixMarket",),
    ),
    Foreign(
        "an HTML page",
        say("is it an error or a login page? Get the file again"),
        (".html", ".htm"),
        (b"<!DOCTYPE html", b"<!doctype html", b"<html"),
        fits(HTML),
    ),
    Foreign("an XML document", say(_AS_CSV), (".xml",), (b"<?xml ",)),
    JSON_LINES,
    RECEIPT,
    STATS,
    Foreign(
        "a JSON array",
        convert("import json, numpy; numpy.save(OUT, json.load(open(FILE)))", ".npy"),
        matches=fits(NUMBERS),
    ),
    JSON,
)
"""Text files that are not tables."""

ENDINGS: tuple[Foreign, ...] = (
    *BINARIES,
    *TEXTS,
    _ZARR,
    EXCEL,
    _CALC,
    _ZIP,
    _TORCH,
    _LMDB,
    Foreign("a Feather file", pandas("read_feather(FILE)"), (".feather",)),
    Foreign("an Arrow stream", polars("read_ipc_stream(FILE)"), (".arrow", ".arrows")),
    Foreign("an ORC file", pandas("read_orc(FILE)"), (".orc",)),
    Foreign("a Stata file", pandas("read_stata(FILE)"), (".dta",)),
    Foreign("a SAS file", pandas("read_sas(FILE, encoding='latin-1')"), (".sas7bdat", ".xpt")),
    Foreign("an SPSS file", pandas("read_spss(FILE)"), (".sav",)),
    Foreign("an R file", r("readRDS(FILE)"), (".rds",)),
    Foreign("an R file", say("save the table in it with write.csv"), (".rdata", ".rda")),
    Foreign(
        "a LIBSVM file",
        convert(
            "import numpy, sklearn.datasets; numpy.save(OUT, sklearn.datasets.load_svmlight_file(FILE)[0].toarray())",
            ".npy",
        ),
        (".svm", ".svmlight", ".libsvm"),
    ),
    Foreign(
        "a TFRecord file",
        say("read it with TensorFlow and save its arrays with numpy.save"),
        (".tfrecord", ".tfrecords"),
    ),
    Foreign(
        "a GRIB file", shell("cdo -f nc4 copy FILE STEM.nc && zm inspect STEM.nc"), (".grib", ".grib2", ".grb", ".grb2")
    ),
    Foreign(
        "a video",
        shell("mkdir -p STEM && ffmpeg -i FILE STEM/%06d.png && zm inspect STEM"),
        (".mp4", ".m4v", ".avi", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv"),
    ),
    Foreign(
        "a sound file",
        say("make it a WAV file, for example with ffmpeg"),
        (".mp3", ".flac", ".ogg", ".m4a", ".aac"),
    ),
    Foreign(
        "a picture that Pillow does not read",
        say("save it as PNG or TIFF"),
        (".heic", ".heif", ".svg", ".eps", ".cr2", ".nef", ".arw", ".dng", ".exr", ".hdr"),
    ),
    Foreign(
        "a model, not a dataset", say("give the data that it was made from"), (".onnx", ".gguf", ".keras", ".tflite")
    ),
    Foreign("a YAML file", say(_AS_CSV), (".yaml", ".yml")),
    Foreign("a gzip file", unpack("gzip"), (".gz",)),
    Foreign("a Zstandard file", unpack("zstd"), (".zst",)),
)
"""All files with suffixes. The longest matching suffix counts, and of equal ones the last."""

FOLDERS: Mapping[str, Foreign] = {
    ".zgroup": _ZARR,
    ".zarray": _ZARR,
    "zarr.json": _ZARR,
    "_delta_log": Foreign("a Delta Lake table", query("from delta_scan(FILE)")),
    "dataset_info.json": Foreign("a saved dataset of Hugging Face", datasets("load_from_disk(FILE)")),
    "data.mdb": _LMDB,
}
"""Folders by the name of an entry."""

MEMBERS: tuple[tuple[Callable[[Sequence[str]], bool], Foreign], ...] = (
    (
        lambda names: bool(names) and all(name.endswith(".npy") for name in names),
        Foreign("a NumPy archive", say("open it with --kind npy"), kind="npy"),
    ),
    (lambda names: any(name.startswith("xl/workbook.") for name in names), EXCEL),
    (lambda names: {"content.xml", "mimetype"} <= set(names), _CALC),
    (lambda names: any(name.endswith("data.pkl") for name in names), _TORCH),
    (lambda names: True, _ZIP),
)
"""Zip archives by the names of their members; the first entry that fits counts."""
