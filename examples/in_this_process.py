"""To look closely: the same library in this process, where one debugger and one stack see all of it."""

import os
import traceback

import callgate

PROTOTYPES = """
    void qsort([in, out, size_is(n)] int *base, size_t n, size_t width, int (*compare)(const int *a, const int *b));
    pid_t getpid(void);
"""
there = callgate.load("libc.so.6", PROTOTYPES)
here = callgate.load("libc.so.6", PROTOTYPES, isolation="none")
print("this process:", here.getpid() == os.getpid(), "- and there:", there.getpid() == os.getpid())


def compare(a: int, b: int) -> int:
    functions.update(frame.name for frame in traceback.extract_stack())
    return a - b


def sort_with(lib: callgate.Lib) -> list[int]:
    numbers = [3, 1, 2]
    lib.qsort(numbers, len(numbers), 4, compare)
    return numbers


# The comparator is called by native code on this thread in both ways. Here, native code lies on our own stack as well.
for lib in (there, here):
    functions: set[str] = set()
    print("sorted:", sort_with(lib), "- in the stack of the comparator:", "run_native" in functions)

# What is refused there is refused here, in the same words; what crashes here would end this program.
for lib in (there, here):
    try:
        lib.qsort([1], 2, 4, compare)
    except callgate.ArgumentError as error:
        print("refused:", error)

try:
    callgate.load("libc.so.6", PROTOTYPES, isolation="none", deadline=1.0)
except ValueError as error:
    print("no deadlines:", str(error).partition(": ")[2])
