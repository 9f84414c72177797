/* Functions with a variable part, which compare what arrives with constants. */

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* n rounds of: int, double, long long, long double, text; the number of arguments that were wrong */
int wrong_in_mix(int n, ...)
{
    va_list arguments;
    int wrong = 0;
    va_start(arguments, n);
    for (int i = 0; i < n; i++) {
        char text[20];
        snprintf(text, sizeof text, "round %d", i);
        wrong += va_arg(arguments, int) != -i;
        wrong += va_arg(arguments, double) != i + 0.5;
        wrong += va_arg(arguments, long long) != ((long long)i << 40) - 1;
        wrong += va_arg(arguments, long double) != i * 0.25L;
        wrong += strcmp(va_arg(arguments, const char *), text) != 0;
    }
    va_end(arguments);
    return wrong;
}

/* what C promotes: char and short travel as int, float as double */
int wrong_in_promoted(int n, ...)
{
    va_list arguments;
    int wrong = 0;
    va_start(arguments, n);
    wrong += va_arg(arguments, int) != -128;
    wrong += va_arg(arguments, int) != 65535;
    wrong += va_arg(arguments, double) != 0.5;
    wrong += va_arg(arguments, int) != 1;
    wrong += va_arg(arguments, unsigned long) != 0xfedcba9876543210ul;
    wrong += va_arg(arguments, void *) != 0;
    va_end(arguments);
    return wrong;
}

/* named arguments of both classes before the variable part */
double sum_after(double first, int second, const char *third, int n, ...)
{
    va_list arguments;
    double sum = first + second + (double)strlen(third);
    va_start(arguments, n);
    for (int i = 0; i < n; i++) sum += va_arg(arguments, double);
    va_end(arguments);
    return sum;
}
