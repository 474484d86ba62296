"""Looking at something that may hang, without hanging with it."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Bounded"]

T = TypeVar("T")


class Bounded(Generic[T]):
    """Calls something in a thread and waits for it only so long. While one call hangs nobody begins another: there is never more than one."""

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def __call__(self, look: Callable[[], T], seconds: float) -> T | None:
        """Return what *look* returns, None if it takes longer than so many *seconds*; raise what it raises."""
        end = time.monotonic() + seconds
        if not self._turn.acquire(timeout=seconds):
            return None
        answers: list[T] = []
        failures: list[BaseException] = []

        def work() -> None:
            try:
                answers.append(look())
            except BaseException as error:
                failures.append(error)
            finally:
                self._turn.release()

        thread = threading.Thread(target=work, name="bounded", daemon=True)
        thread.start()
        thread.join(max(0.0, end - time.monotonic()))
        if failures:
            raise failures[0]
        return answers[0] if answers else None
