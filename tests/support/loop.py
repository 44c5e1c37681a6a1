"""The event loop in tests: let run until nothing more happens by itself."""

import asyncio


async def settle() -> None:
    """Until what goes on behind the replies is done."""
    for _ in range(50):
        await asyncio.sleep(0)
