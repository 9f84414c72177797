/* Text in units of two and four bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <wchar.h>

typedef uint16_t char16;

/* Every unit counts with its place, so that no two texts have the same sum. */
unsigned long sum_wide(const wchar_t *text)
{
    unsigned long sum = 0, place = 1;
    if (!text) return 999;
    for (; *text; text++) sum += place++ * (unsigned long)*text;
    return sum;
}
unsigned long sum_16(const char16 *text)
{
    unsigned long sum = 0, place = 1;
    if (!text) return 999;
    for (; *text; text++) sum += place++ * (unsigned long)*text;
    return sum;
}

const wchar_t *fixed_wide(void) { return L"na\u00efve \U0001F600"; }
const char16 *fixed_16(void) { static const char16 text[] = { 'a', 0xD83D, 0xDE00, 0xD800, 0 }; return text; }
wchar_t *copied_wide(const wchar_t *text) { return wcsdup(text); }
int given_wide(wchar_t **out) { *out = wcsdup(L"out"); return 3; }

/* Text that ends with the last unit of a page, behind which nothing can be read. */
const wchar_t *at_the_end_of_a_page(void)
{
    char *pages = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(pages + 4096, 4096, PROT_NONE);
    wchar_t *text = (wchar_t *)(pages + 4096) - 4;
    memcpy(text, L"end", 4 * sizeof(wchar_t));
    return text;
}

typedef int (*wide_cb)(const wchar_t *text);
int call_wide(wide_cb callback) { return callback(L"h\u00e9"); }
