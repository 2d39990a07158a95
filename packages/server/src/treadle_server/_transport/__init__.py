"""The edge to asyncio: flow control, deadlines, upgrades and files on a transport."""
