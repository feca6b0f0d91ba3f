# Python's two pools behind one interface: call, submit, map, close. Which scenario uses what is elsewhere.
import concurrent.futures
import multiprocessing


class PoolOfMultiprocessing:
    """multiprocessing.Pool."""

    most_items = None

    def __init__(self, workers):
        self.pool = multiprocessing.Pool(workers)

    def call(self, task, value):
        return self.pool.apply(task, (value,))

    def submit(self, task, value, on_result, on_error):
        self.pool.apply_async(task, (value,), callback=on_result, error_callback=on_error)

    def map(self, task, items):
        return self.pool.map(task, items)

    def imap(self, task, items):
        return self.pool.imap(task, items, chunksize=100)

    def close(self):
        self.pool.terminate()
        self.pool.join()


class Executor:
    """concurrent.futures.ProcessPoolExecutor."""

    # Its map sends items singly (chunksize=1 is the default), so a million of them would take minutes.
    most_items = 10_000

    def __init__(self, workers):
        self.executor = concurrent.futures.ProcessPoolExecutor(workers)

    def call(self, task, value):
        return self.executor.submit(task, value).result()

    def submit(self, task, value, on_result, on_error):
        def on_done(future):
            error = future.exception()
            if error is None:
                on_result(future.result())
            else:
                on_error(error)

        self.executor.submit(task, value).add_done_callback(on_done)

    def map(self, task, items):
        return list(self.executor.map(task, items))

    def close(self):
        self.executor.shutdown()


POOLS = {"python": PoolOfMultiprocessing, "python-executor": Executor}
