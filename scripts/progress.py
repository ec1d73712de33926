"""Says what a long step does and that it is still alive. Standard library only: the set-up uses it, too."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

SIGN_OF_LIFE_SECONDS = 5


@contextmanager
def progress(topic: str, name: str) -> Iterator[None]:
    """Prints the step's start, its age every few seconds, and its end, unless it fails."""
    started = time.monotonic()
    over = threading.Event()

    def say(text: str) -> None:
        print(f"{topic}: {name} {text}", file=sys.stderr, flush=True)

    def tick() -> None:
        while not over.wait(SIGN_OF_LIFE_SECONDS):
            say(f"… {time.monotonic() - started:.0f} s")

    say("…")
    threading.Thread(target=tick, daemon=True).start()
    try:
        yield
    finally:
        over.set()
    say(f"done in {time.monotonic() - started:.1f} s")
