"""The rows of image folders: photographs and thumbnails, against decoding them and against the loop one copies."""

from __future__ import annotations

from bench.work import ANSWER, Contestant, Row, Target, peer, zm

FLOOR = "floor: Pillow decodes, no more"
LOOP = "the copied NumPy loop"
ONE_WORKER = "zm -j 1"

PICTURE_ROWS = (
    Row(
        name="jpeg",
        title="stats of JPEG photographs, per channel",
        inputs=("jpegs",),
        contestants=(
            Contestant("zm", zm("stats", "{data}/jpegs", "--unit", "--json"), ANSWER),
            Contestant(ONE_WORKER, zm("stats", "{data}/jpegs", "--unit", "--json", "-j", "1"), ANSWER),
            Contestant(FLOOR, peer("pillow_load_threads", "{data}/jpegs")),
            Contestant(
                LOOP,
                peer("numpy_loop", "{data}/jpegs", "channel", "{output}/loop.npz"),
                "loop.npz",
                rounds=2,
            ),
        ),
        targets=(Target(1.15, FLOOR), Target(10, LOOP, faster=True), Target(1.7, ONE_WORKER, faster=True)),
    ),
    Row(
        name="jpeg-pixel",
        title="stats of JPEG photographs, per pixel",
        inputs=("jpegs",),
        contestants=(
            Contestant(
                "zm", zm("stats", "{data}/jpegs", "--unit", "--per", "pixel", "-o", "{output}/stats.npz"), "stats.npz"
            ),
            Contestant(FLOOR, peer("pillow_load_threads", "{data}/jpegs")),
            Contestant(LOOP, peer("numpy_loop", "{data}/jpegs", "pixel", "{output}/loop.npz"), "loop.npz", rounds=1),
        ),
        targets=(Target(1.15, FLOOR),),
    ),
    Row(
        name="png",
        title="stats of PNG thumbnails, per channel",
        inputs=("thumbnails",),
        contestants=(
            Contestant("zm", zm("stats", "{data}/thumbnails", "--unit", "--json"), ANSWER),
            Contestant(ONE_WORKER, zm("stats", "{data}/thumbnails", "--unit", "--json", "-j", "1"), ANSWER),
            Contestant(FLOOR, peer("pillow_load_processes", "{data}/thumbnails")),
            Contestant(LOOP, peer("numpy_loop", "{data}/thumbnails", "channel", "{output}/loop.npz"), "loop.npz"),
        ),
        targets=(Target(1.25, FLOOR),),
    ),
)
