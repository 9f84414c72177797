"""Structs, unions, bit-fields, complex numbers and pointers to them: how C's values look from Python."""

import callgate

libc = callgate.load(
    "libc.so.6",
    """
    typedef struct { long quot, rem; } ldiv_t;
    ldiv_t ldiv(long numerator, long denominator);

    typedef union {
        double value;
        struct { unsigned long mantissa : 52, exponent : 11, sign : 1; };
    } ieee754;

    typedef struct { [offset(0)] int left; [offset(8)] int right; } gapped;

    struct lconv { const char *decimal_point, *thousands_sep; };
    struct lconv *localeconv(void);

    typedef int (*letter_fn)(int letter);
    void *dlsym(void *library, const char *name);
    """,
)
types = callgate.types(libc)

# A struct by value, there and back.
print("ldiv:", libc.ldiv(47, 5))

# A union is its bytes; its members, those of the unnamed struct as well, are views of them.
number = types.ieee754(value=-2.5)
print("parts of -2.5:", number.sign, number.exponent - 1023, hex(number.mantissa))
number.sign = 0
print("without its sign:", number.value)

# The host lays structs out, by C's rules or as the declaration says.
print("layout:", callgate.layout(libc, "gapped"))

# Structs are values: what is assigned is copied.
first = types.gapped(1, 2)
second = types.gapped(left=first.left)
print("equal:", first == types.gapped(1, 2), first == second)

# A pointer to a struct shows its members, in the host.
print("decimal point:", libc.localeconv().decimal_point)

# A function pointer that the library hands out is called like a function.
upper = callgate.cast(libc, libc.dlsym(None, "toupper"), "letter_fn")
print("upper case:", chr(upper(ord("x"))))

# Complex numbers.
libm = callgate.load("libm.so.6", "double complex csqrt(double complex z); double cabs(double complex z);")
print("sqrt(-4):", libm.csqrt(-4), "abs(3+4j):", libm.cabs(3 + 4j))

callgate.close(libc)
callgate.close(libm)
