"""The executor for items that arrive one by one: threads do the tasks, and another thread waits for the items."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import TypeVar

from zm_cli.running.executors import Executor

Item = TypeVar("Item")
Result = TypeVar("Result")


class Arriving:
    """Does tasks in a pool of threads, so that a result is not delayed until the next item arrives."""

    name = "arriving"

    def map(
        self, task: Callable[[Item], Result], items: Iterable[Item], workers: int, window: int
    ) -> Generator[Result, None, None]:
        """Yields the results as described in `Executor.map`; `task` must be safe to call from several threads.

        If the generator is closed while the other thread waits for an item, that thread ends when the item arrives.
        """
        pool = ThreadPoolExecutor(workers)
        begun: SimpleQueue[Future[Result] | None] = SimpleQueue()
        room, over = Semaphore(window), Event()
        source = iter(items)

        def feed() -> None:
            try:
                while room.acquire() and not over.is_set():
                    # No variable holds an item, which may be large, while waiting for the next one.
                    begun.put(pool.submit(task, next(source)))
            except StopIteration:
                begun.put(None)
            except BaseException as error:
                failed: Future[Result] = Future()
                failed.set_exception(error)
                begun.put(failed)

        feeder = Thread(target=feed, daemon=True)
        feeder.start()
        try:
            while (future := begun.get()) is not None:
                result = future.result()
                del future
                yield result
                del result
                room.release()
            feeder.join()
        finally:
            over.set()
            room.release()
            pool.shutdown(wait=True, cancel_futures=True)


EXECUTOR: Executor = Arriving()
