/* Text in every form: C looks at bytes and units, edits, replaces, overruns. */
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>
#include <wchar.h>

static int called;
int times_called(void) { return called; }
size_t heap_in_use(void) { struct mallinfo2 info = mallinfo2(); return info.uordblks + info.hblkhd; }

/* -- what arrives ------------------------------------------------------------------------------------------------ */

/* a checksum over every byte with its place, so that order and number count; -1 for NULL */
long sum_bytes(const char *s) { called++; long sum = 0; for (long i = 0; s && s[i]; i++) sum += (i + 1) * (unsigned char)s[i]; return s ? sum : -1; }
long sum_units(const char16_t *s) { called++; long sum = 0; for (long i = 0; s && s[i]; i++) sum += (i + 1) * s[i]; return s ? sum : -1; }
long count_units(const char16_t *s) { long n = 0; while (s[n]) n++; return n; }
long byte_at(const char *s, int place) { called++; return (unsigned char)s[place]; }
void shout(char *s) { called++; for (; *s; s++) if (*s >= 'a' && *s <= 'z') *s = (char)(*s - 32); }
void shout16(char16_t *s) { called++; for (; *s; s++) if (*s >= 'a' && *s <= 'z') *s = (char16_t)(*s - 32); }
void shout_wide(wchar_t *s) { called++; for (; *s; s++) if (*s >= 'a' && *s <= 'z') *s -= 32; }
void lengthen(char *s, int more) { called++; size_t n = strlen(s); memset(s + n, '!', (size_t)more); s[n + (size_t)more] = 0; }
void unterminate(char *s) { s[strlen(s)] = 'x'; }

/* -- what comes back --------------------------------------------------------------------------------------------- */

const char *broken(void) { return "\xff" "A"; }
const char *latin(void) { return "h\xe9"; }
const char *fixed(void) { return "fixed"; }
const char *nothing(void) { return NULL; }
const char16_t *lone(void) { static const char16_t s[] = {'a', 0xD800, 'b', 0}; return s; }
char *copied(const char *s) { return s ? strdup(s) : NULL; }
int get(char **out, int mode) { *out = mode ? strdup("text") : NULL; return mode; }

static char16_t *copy16(const char16_t *s) {
    size_t n = 0;
    while (s[n]) n++;
    char16_t *copy = malloc(2 * (n + 1));
    memcpy(copy, s, 2 * (n + 1));
    return copy;
}
/* mode 0: keep (edited), 1: replace, 2: NULL */
long rename8(char **s, int mode) {
    called++;
    long sum = *s ? sum_bytes(*s) : -1;
    if (mode == 0 && *s) **s = 'K';
    if (mode == 1) { free(*s); *s = strdup("new name"); }
    if (mode == 2) { free(*s); *s = NULL; }
    return sum;
}
long rename16(char16_t **s, int mode) {
    called++;
    long sum = *s ? sum_units(*s) : -1;
    if (mode == 0 && *s) **s = 'K';
    if (mode == 1) { free(*s); *s = copy16(u"n\u00e9w\xd83d\xde00"); }
    if (mode == 2) { free(*s); *s = NULL; }
    return sum;
}
long rename_wide(wchar_t **s, int mode) {
    long sum = *s ? (long)wcslen(*s) : -1;
    if (mode == 1) { free(*s); *s = malloc(12); wcscpy(*s, L"w\U0001f600"); }
    if (mode == 2) { free(*s); *s = NULL; }
    return sum;
}

/* -- arrays of texts --------------------------------------------------------------------------------------------- */

long sum_all(const char **v, int n) { called++; long s = 0; for (int i = 0; i < n; i++) s = s * 7 + (v[i] ? sum_bytes(v[i]) : 1); return s; }
int replace_first(char **v, int n) {
    called++;
    int length = 0;
    for (int i = 0; i < n; i++) length += v[i] ? (int)strlen(v[i]) : 100;
    free(v[0]);
    v[0] = strdup("z");
    return length;
}
int point_elsewhere(const char **v, int n) { for (int i = 0; i < n; i++) if (!v[i]) v[i] = "was null"; return n; }
long sum_all16(const char16_t **v, int n) { long s = 0; for (int i = 0; i < n; i++) s = s * 7 + sum_units(v[i]); return s; }

/* -- buffers ----------------------------------------------------------------------------------------------------- */

int put(char *buffer, int size, const char *what) { called++; (void)size; strcpy(buffer, what); return (int)strlen(what); }
int put_raw(char *buffer, int size, int count) { called++; (void)size; memset(buffer, 'r', (size_t)count); return count; }
int put16(char16_t *buffer, int size, int count) { called++; (void)size; for (int i = 0; i < count; i++) buffer[i] = (char16_t)('a' + i % 26); return count; }
int put16_terminated(char16_t *buffer, int size) { (void)size; const char16_t s[] = {'h', 0xE9, 0xD83D, 0xDE00, 0}; memcpy(buffer, s, sizeof s); return 4; }
int append(char *buffer, int size) { (void)size; strcat(buffer, "+"); return (int)strlen(buffer); }
int put_wide(wchar_t *buffer, int size) { (void)size; wcscpy(buffer, L"w\u00efde"); return 4; }
/* the protocol of Win32: fewer than size: done; else what is needed, with the terminator */
int get_name(char *buffer, int size) {
    called++;
    const char *name = "four";
    if (size < 5) return 5;
    strcpy(buffer, name);
    return 4;
}
int get_long(char *buffer, int size) { called++; if (size < 1001) return 1001; memset(buffer, 'n', 1000); buffer[1000] = 0; return 1000; }
int never_enough(char *buffer, int size) { called++; (void)buffer; return size + 10; }

/* -- text in structs --------------------------------------------------------------------------------------------- */

struct card { char *f1; char f2[256]; };
long card_offset(void) { return (long)__builtin_offsetof(struct card, f2); }
long card_size(void) { return (long)sizeof(struct card); }
long check_card(const struct card *c) { return (c->f1 ? sum_bytes(c->f1) : 5) * 1000 + sum_bytes(c->f2); }

struct tag { char s[4]; char16_t w[4]; wchar_t l[3]; };
uint32_t tag_bytes(const struct tag *t) { uint32_t v; memcpy(&v, t->s, 4); return v; }
uint64_t tag_units(const struct tag *t) { uint64_t v; memcpy(&v, t->w, 8); return v; }
long tag_wide(const struct tag *t) { return t->l[0] * 100 + t->l[1] * 10 + t->l[2]; }
struct tag full_tag(void) { struct tag t = {{'f', 'u', 'l', 'l'}, {'w', 'i', 'd', 'e'}, {'a', 'b', 'c'}}; return t; }
struct tag short_tag(void) { struct tag t = {"s", {'h', 0xD83D, 0}, {0x1F600, 0, 'x'}}; return t; }

/* -- callbacks that edit ------------------------------------------------------------------------------------------ */

/* a text of the library's own, edited by the callback; the byte behind it must stay */
long call_edit(int (*callback)(char *text)) {
    char text[8] = {'h', 'e', 'l', 'l', 'o', 0, 'G', 0};
    int answer = callback(text);
    return text[6] == 'G' ? sum_bytes(text) * 100 + answer : -1;
}
int call_fill(int (*callback)(int *v, int n)) { int v[4] = {1, 2, 3, 4}; int got = callback(v, 3); return got * 10000 + v[0] * 1000 + v[1] * 100 + v[2] * 10 + v[3]; }
