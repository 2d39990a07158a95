"""Multipart parsing beside its peers: MB/s of each parser over the same chunks in one run.

    python tools/bench/bench_multipart.py [--mib 64] [--repeat 5] [workload ...]

Rivals that are not installed are left out. Every parser must report each part's name and count
the bytes of data, and the program stops if they disagree. The best of ``--repeat`` rounds counts;
the rounds of all parsers alternate, so that a busy machine hurts all of them. ``near`` is a worst
case: nearly-boundaries end to end; its time per byte should not grow with its size, so it is run
at two sizes. ``python-multipart`` has callbacks instead of events; it is given the fewest
that hand over the data as bytes, without even parsing names (its users call
``parse_options_header``).
"""

import argparse
import importlib
import os
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


def rivals() -> dict[str, Parser]:
    found: dict[str, Parser] = {"treadle": treadle}
    makers = {
        "multipart": ("multipart", defnull),
        "python-multipart": ("python_multipart.multipart", python_multipart),
    }
    for name, (module, make) in makers.items():
        try:
            found[name] = make(importlib.import_module(module))
        except ImportError:
            print(f"{name} is not installed", file=sys.stderr)
    return found


def measure(body: bytes, parsers: dict[str, Parser], repeat: int) -> dict[str, float]:
    """Best seconds of each parser that can parse the body."""
    chunks = [body[start : start + CHUNK] for start in range(0, len(body), CHUNK)]
    expected = treadle(chunks)
    best: dict[str, float] = {}
    for _ in range(repeat):
        for name, parse in parsers.items():
            start = time.perf_counter()
            try:
                result = parse(chunks)
            except ValueError:
                continue  # ``near`` has lines that some parsers refuse
            seconds = time.perf_counter() - start
            if result != expected:
                raise SystemExit(f"{name} found {result}, treadle {expected}")
            best[name] = min(seconds, best.get(name, seconds))
    return best


def main() -> None:
    options = argparse.ArgumentParser(description="Compare multipart parsers.")
    options.add_argument("--mib", type=int, default=64, help="size of the random file")
    options.add_argument("--repeat", type=int, default=5)
    options.add_argument("workload", nargs="*", help="run these only")
    args = options.parse_args()
    parsers = rivals()
    print(f"{'workload':10}{'MB':>7}" + "".join(f"{name:>24}" for name in parsers) + "   ratio")
    for workload, body in workloads(args.mib).items():
        if args.workload and workload not in args.workload:
            continue
        best = measure(body, parsers, args.repeat)
        cells = [
            f"{len(body) / best[name] / 1e6:11.1f} MB/s {best[name] * 1e3:5.0f} ms"
            if name in best
            else "refused"
            for name in parsers
        ]
        others = [seconds for name, seconds in best.items() if name != "treadle"]
        ratio = f"{min(others) / best['treadle']:8.2f}" if others else ""
        print(f"{workload:10}{len(body) / 1e6:7.1f}" + "".join(f"{c:>24}" for c in cells) + ratio)


if __name__ == "__main__":
    main()
