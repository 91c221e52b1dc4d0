"""The executor for items that arrive one by one: threads do the tasks, and one more thread waits for the items."""

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
    """Does tasks in a pool of threads, so that a result does not wait until the next item is there."""

    name = "arriving"

    def map(
        self, task: Callable[[Item], Result], items: Iterable[Item], workers: int, window: int
    ) -> Generator[Result, None, None]:
        """Returns the results as `Executor.map` says; `task` must be safe to call from several threads at once.

        Where the generator is closed while an item is waited for, the thread that waits is left behind; it ends when
        the item is there.
        """
        pool = ThreadPoolExecutor(workers)
        begun: SimpleQueue[Future[Result] | None] = SimpleQueue()
        room, over = Semaphore(window), Event()
        source = iter(items)

        def feed() -> None:
            try:
                while room.acquire() and not over.is_set():
                    # No name holds an item, which may be large, while the next one is waited for.
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
