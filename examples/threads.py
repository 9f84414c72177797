"""Many threads, one library: each thread has its own path to a thread of the host, and nobody waits for another."""

import time
from concurrent.futures import ThreadPoolExecutor

import callgate

libc = callgate.load(
    "libc.so.6",
    """
    int usleep(unsigned microseconds);
    void qsort([in, out, size_is(n)] int *base, size_t n, size_t width, int (*compare)(const int *a, const int *b));
    """,
)
libm = callgate.load("libm.so.6", "double sqrt(double);")


def nap(_: int) -> int:
    """A call that takes 200 ms."""
    return int(libc.usleep(200_000))


def sort_down(numbers: list[int]) -> list[int]:
    """Callbacks arrive on the thread that made the call."""
    libc.qsort(numbers, len(numbers), 4, lambda a, b: b - a)
    return numbers


with ThreadPoolExecutor(8) as pool:
    list(pool.map(nap, range(8)))  # the threads find their paths
    started = time.monotonic()
    list(pool.map(nap, range(8)))
    print("8 naps of 0.2 s overlap:", time.monotonic() - started < 1.0)
    print("sorted:", list(pool.map(sort_down, [[1, 3, 2], [10, 30, 20], [7, 9, 8]])))

# One thread can also have many calls under way: submit() does not wait.
futures = [libm.sqrt.submit(n * n) for n in range(1000)]
print("submitted:", sum(future.result() for future in futures))
