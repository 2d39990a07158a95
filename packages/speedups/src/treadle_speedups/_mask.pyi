def unmask(
    data: bytes | bytearray | memoryview,
    start: int,
    stop: int,
    key: bytes | bytearray | memoryview,
    /,
) -> bytes: ...
