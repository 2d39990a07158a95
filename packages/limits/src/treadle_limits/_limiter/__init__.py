"""A limit for any asyncio program: a rate, a store and a clock."""
