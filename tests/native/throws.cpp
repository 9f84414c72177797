// R11.12: what must not cross a border between native code and its caller.

#include <stdexcept>

extern "C" {

typedef int (*Step)(int number);

int throw_out(void) { throw std::runtime_error("not for C"); }

int catch_it(void)
{
    try {
        throw std::runtime_error("kept inside");
    } catch (...) {
        return -2;
    }
}

struct Counter {
    int *count;
    ~Counter() { ++*count; }
};

// A frame with something to tear down: it is left in order, whatever the callback did.
int walk(Step step, int steps, int *left)
{
    int sum = 0;
    for (int number = 0; number < steps; number++) {
        Counter counter{left};
        sum += step(number);
    }
    return sum;
}
}
