/* Who frees what: owned, lent, mistaken; for the tests of R8. */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

static char writable[64] = "in the data of the library";
static char nothing[64];
static int tracked;

char *make_text(const char *s) { return strdup(s); }
char *same_text(char *s) { return s; }
char *rest_of_text(char *s) { return s + 1; }
char *literal(void) { return "a literal"; }
char *data(void) { return writable; }
char *bss(void) { strcpy(nothing, "zeroed at the start"); return nothing; }
char *inside(void) { char *p = malloc(100); strcpy(p + 32, "inside a block"); return p + 32; }
char *large(void) { char *p = malloc(1 << 20); memset(p, 'x', (1 << 20) - 1); p[(1 << 20) - 1] = 0; return p; }
int out_literal(char **out) { *out = "a literal"; return 1; }
int out_two(char **first, char **second) { *first = "a literal"; *second = malloc(3); strcpy(*second, "ok"); return 2; }
wchar_t *wide_literal(void) { return L"wide"; }

char *tracked_text(const char *s) { tracked++; return strdup(s); }
void tracked_free(void *p) { if (p) tracked--; free(p); }
int tracked_alive(void) { return tracked; }
int two_texts(char **a, char **b) { *a = tracked_text("one"); *b = tracked_text("two"); return 0; }
int bad_then_good(char **a, char **b) { *a = tracked_text("one"); *b = tracked_text("two"); return 0; }

/* R8.8: fails after leaving, replacing or taking away what it was given by reference. */
int fail_with_text(char **s, int mode)
{
    if (mode == 1)
        *s = tracked_text("replaced");
    if (mode == 2)
        *s = 0;
    return mode == 3 ? 0 : (int)0x80004005;
}

/* R9.9: asks, and fails itself. */
int ask_and_fail(int (*f)(int)) { f(1); return (int)0x80070005; }

struct person { int id; char *name; char *city; };
int person_check(const struct person *p) { return p->id * 10000 + (p->name ? (int)strlen(p->name) * 100 : 0) + (p->city ? (int)strlen(p->city) : 0); }
void person_fill(struct person *p) { p->id = 9; p->name = strdup("native"); p->city = strdup("code"); }

/* Takes over a block and frees it. */
int consume(char *block) { int length = (int)strlen(block); free(block); return length; }
int sum_bytes(const unsigned char *p, int n) { int s = 0; for (int i = 0; i < n; i++) s += p[i]; return s; }
int same_pointers(const void *a, const void *b) { return a == b; }
int set_both(int *a, int *b) { *a = 1; *b = 2; return a == b; }

static const unsigned char *kept;
void keep(const unsigned char *p) { kept = p; }
int look(int i) { return kept ? kept[i] : -1; }
