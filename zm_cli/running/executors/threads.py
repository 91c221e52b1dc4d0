"""The executor that distributes the items among threads of this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from zm_cli.running.executors import Executor

Item = TypeVar("Item")
Result = TypeVar("Result")


class Threads:
    """Does tasks in a pool of threads; the calling thread takes the items."""

    name = "threads"

    def map(
        self, task: Callable[[Item], Result], items: Iterable[Item], workers: int, window: int
    ) -> Generator[Result, None, None]:
        """Yields the results as described in `Executor.map`; `task` must be safe to call from several threads."""
        pool = ThreadPoolExecutor(workers)
        try:
            waiting: deque[Future[Result]] = deque()
            for future in _submit(pool, task, items):
                waiting.append(future)
                del future
                if len(waiting) >= window:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _submit(
    pool: ThreadPoolExecutor, task: Callable[[Item], Result], items: Iterable[Item]
) -> Generator[Future[Result], None, None]:
    """Yields the future of each item; an error raised by the items becomes the last future."""
    items = iter(items)
    while True:
        try:
            # No variable holds an item, which may be large, while the consumer works.
            yield pool.submit(task, next(items))
        except StopIteration:
            return
        except Exception as error:
            failed: Future[Result] = Future()
            failed.set_exception(error)
            yield failed
            return


EXECUTOR: Executor = Threads()
