"""A library that crashes, and a program that goes on: the crash is an exception, the next call has a new host."""

import signal

import callgate

libc = callgate.load("libc.so.6", "void *memset(void *, int, size_t); void exit(int); void abort(void); int abs(int);")
libm = callgate.load("libm.so.6", "double cos(double);")

memory = callgate.buffer(libc, b"something that lives in the host")
first = callgate.info(libc).process

try:
    libc.memset(None, 0, 1)  # writes to NULL
except callgate.HostCrashed as crash:
    print("crashed:", signal.Signals(crash.signal).name, "in", crash.function, "- had begun:", crash.began)

print("next call:", libc.abs(-7))
print("a new host:", callgate.info(libc).process != first, "- hosts used up:", callgate.info(libc).restarts)

# What lived in the old host is gone, and says so: it never turns into something else in the new one.
try:
    bytes(memory)
except callgate.ObjectGone as gone:
    print("gone:", type(gone).__name__)

# exit() and abort() end a host, never this program. HostLost is the class that they have in common.
for function, arguments in ((libc.exit, (3,)), (libc.abort, ())):
    try:
        function(*arguments)
    except callgate.HostExited as exited:
        print("exited: status", exited.status)
    except callgate.HostLost as lost:
        print("lost:", type(lost).__name__)

# Other libraries have hosts of their own and notice nothing.
print("cos(0) =", libm.cos(0.0), "- restarts of libm:", callgate.info(libm).restarts)
