"""The declarations of `tests/native/machines.c`."""

from __future__ import annotations

DEVICE = """
    typedef int (*number_cb)(int value);
    typedef [on_error(-5)] int (*question_cb)(int value);
    typedef [release(scope_close)] struct scope scope;
    typedef [release(noted_close)] struct noted noted;
    typedef struct sample { int channel; double value; } sample;
    int add(int a, int b);
    int fire(const char *path, int ms);
    int fire_as(const char *path, int value);
    int fire_through(const char *path, number_cb f, int value);
    scope *scope_open(int range);
    int scope_range(scope *s);
    void scope_close([closes] scope *s);
    int scope_count(void);
    [borrowed] scope *scope_same(scope *s);
    noted *noted_open(const char *path);
    void noted_close([closes] noted *n);
    sample measure(sample before);
    double total([size_is(n)] const double *values, int n);
    void fill([out, size_is(n)] unsigned char *bytes, int n);
    int event([keep] number_cb f, int value, int delay);
    int question([keep] question_cb f, int value, int delay);
    int answer(void);
    void crash(void);
"""
