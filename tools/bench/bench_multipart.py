"""Multipart parsing beside its peers: MB/s of each parser over the same chunks in one run.

    python tools/bench/bench_multipart.py [--mib 64] [--repeat 5] [workload ...]

Rivals that are not installed are left out. Every parser must report the number of parts and count
the bytes of data, and the program stops if they disagree. The rounds of all parsers alternate, in
an order that changes, so that a busy machine and a cold cache hurt all of them alike. The
speed is that of the best round; the ratio is the median over the rounds of the rival's time to
treadle's, for the rival that is nearest. ``near`` is a worst case: nearly-boundaries end to end;
its time per byte should not grow with its size, so it is run at two sizes.

``python-multipart`` has callbacks instead of events; it is given the fewest that hand over the data
as bytes, without even parsing names (its users call ``parse_options_header``).
``streaming-form-data``, which is compiled, hands parts to targets that its users register by name;
here one target takes all parts.
"""

import argparse
import importlib
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from treadle_multipart import MultipartLimits, MultipartParser, PartBegin, PartData

BOUNDARY = b"----WebKitFormBoundary7MA4YWxkTrZu0gW"
CHUNK = 64 * 1024
NO_LIMITS = MultipartLimits(max_total=None, max_part_size=None, max_parts=None, max_fields=None)

# A parser takes chunks and returns (number of parts, bytes of data).
Parser = Callable[[list[bytes]], tuple[int, int]]


def file_body(data: bytes) -> bytes:
    head = b'Content-Disposition: form-data; name="f"; filename="a.bin"\r\n'
    head += b"Content-Type: application/octet-stream\r\n\r\n"
    return b"--%b\r\n%b%b\r\n--%b--\r\n" % (BOUNDARY, head, data, BOUNDARY)


def fields_body(count: int) -> bytes:
    line = b'--%b\r\nContent-Disposition: form-data; name="field%d"\r\n\r\nvalue%d\r\n'
    body = b"".join(line % (BOUNDARY, number, number) for number in range(count))
    return body + b"--" + BOUNDARY + b"--\r\n"


def near_body(size: int) -> bytes:
    near = b"\r\n--" + BOUNDARY[:-1] + b"\r\n--" + BOUNDARY + b"x"
    return file_body(near * (size // len(near)))


def workloads(mib: int) -> dict[str, bytes]:
    letters = bytes.maketrans(bytes(range(256)), (b"\r\n-x" * 64))
    return {
        "random": file_body(os.urandom(mib << 20)),
        "crlf": file_body(os.urandom(mib << 18).translate(letters)),
        "fields": fields_body(100_000 * mib // 64),
        "near/4": near_body(mib << 16),
        "near": near_body(mib << 18),
    }


def treadle(chunks: list[bytes]) -> tuple[int, int]:
    parser = MultipartParser(BOUNDARY, NO_LIMITS)
    parts = size = 0
    for chunk in chunks:
        for event in parser.receive_data(chunk):
            if isinstance(event, PartData):
                size += len(event.data)
            elif isinstance(event, PartBegin):
                parts += event.name is not None
    parser.receive_eof()
    return parts, size


def defnull(module: Any) -> Parser:
    def parse(chunks: list[bytes]) -> tuple[int, int]:
        parser = module.PushMultipartParser(BOUNDARY)
        parts = size = 0
        for chunk in chunks:
            for event in parser.parse(chunk):
                if isinstance(event, bytes):
                    size += len(event)
                elif event is not None:
                    parts += event.name is not None
        parser.close()
        return parts, size

    return parse


def python_multipart(module: Any) -> Parser:
    def parse(chunks: list[bytes]) -> tuple[int, int]:
        parts = size = 0

        def on_part_begin() -> None:
            nonlocal parts
            parts += 1

        def on_part_data(data: bytes, start: int, end: int) -> None:
            nonlocal size
            size += len(data[start:end])

        parser = module.MultipartParser(
            BOUNDARY, {"on_part_begin": on_part_begin, "on_part_data": on_part_data}
        )
        for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
        return parts, size

    return parse


def streaming_form_data(module: Any) -> Parser:
    content_type = f"multipart/form-data; boundary={BOUNDARY.decode()}"
    base: Any = importlib.import_module("streaming_form_data.targets").BaseTarget

    class Count(base):  # type: ignore[misc]  # it has no types
        def __init__(self) -> None:
            super().__init__()
            self.parts = self.size = 0

        def on_start(self) -> None:
            self.parts += 1

        def on_data_received(self, chunk: bytes) -> None:
            self.size += len(chunk)

    def parse(chunks: list[bytes]) -> tuple[int, int]:
        count = Count()
        parser = module.StreamingFormDataParser({"Content-Type": content_type})
        parser.register("any", count, lambda _part, _name: True)
        for chunk in chunks:
            parser.data_received(chunk)
        return count.parts, count.size

    return parse


def rivals() -> dict[str, Parser]:
    found: dict[str, Parser] = {"treadle": treadle}
    makers = {
        "multipart": ("multipart", defnull),
        "python-multipart": ("python_multipart.multipart", python_multipart),
        "streaming-form-data": ("streaming_form_data.parser", streaming_form_data),
    }
    for name, (module, make) in makers.items():
        try:
            found[name] = make(importlib.import_module(module))
        except ImportError:
            print(f"{name} is not installed", file=sys.stderr)
    return found


def measure(body: bytes, parsers: dict[str, Parser], repeat: int) -> dict[str, list[float]]:
    """The seconds of each parser that can parse the body, one for each round."""
    chunks = [body[start : start + CHUNK] for start in range(0, len(body), CHUNK)]
    expected = treadle(chunks)
    times: dict[str, list[float]] = {name: [] for name in parsers}
    order = random.Random(1)  # each parser runs behind each other one: they leave caches behind
    for turn in range(repeat):
        names = list(parsers)
        order.shuffle(names)
        for name in names:
            start = time.perf_counter()
            try:
                result = parsers[name](chunks)
            except Exception as error:  # ``near`` has lines that some refuse
                if name == "treadle":
                    raise
                if turn == 0:
                    print(f"{name}: {error!r}"[:100], file=sys.stderr)
                continue
            seconds = time.perf_counter() - start
            if result != expected:
                raise SystemExit(f"{name} found {result}, treadle {expected}")
            times[name].append(seconds)
    return {name: seconds for name, seconds in times.items() if seconds}


def ratios(times: dict[str, list[float]]) -> dict[str, float]:
    """The median over the rounds of each rival's time to treadle's: above 1, treadle is faster."""
    own = times["treadle"]
    return {
        name: statistics.median(theirs / ours for theirs, ours in zip(rival, own, strict=True))
        for name, rival in times.items()
        if name != "treadle"
    }


def main() -> None:
    options = argparse.ArgumentParser(description="Compare multipart parsers.")
    options.add_argument("--mib", type=int, default=64, help="size of the random file")
    options.add_argument("--repeat", type=int, default=9)
    options.add_argument("workload", nargs="*", help="run these only")
    args = options.parse_args()
    parsers = rivals()
    print(f"{'workload':10}{'MB':>7}" + "".join(f"{name:>27}" for name in parsers) + "   ratio")
    for workload, body in workloads(args.mib).items():
        if args.workload and workload not in args.workload:
            continue
        times = measure(body, parsers, args.repeat)
        ratio = ratios(times)
        cells = []
        for name in parsers:
            if name not in times:
                cells.append("refused")
                continue
            cell = f"{len(body) / min(times[name]) / 1e6:11.1f} MB/s"
            cells.append(cell + (f" (x{ratio[name]:.2f})" if name in ratio else ""))
        least = f"{min(ratio.values()):8.2f}" if ratio else ""
        print(f"{workload:10}{len(body) / 1e6:7.1f}" + "".join(f"{c:>27}" for c in cells) + least)


if __name__ == "__main__":
    main()
