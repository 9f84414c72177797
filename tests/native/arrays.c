/* Arrays in every form: C computes checksums, frees and allocates; `alive` counts what it handed out. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <malloc.h>

static int called, alive;
int times_called(void) { return called; }
int blocks_alive(void) { return alive; }
/* what the whole process has allocated: a leak of large blocks shows here, whoever made them */
size_t heap_in_use(void) { struct mallinfo2 info = mallinfo2(); return info.uordblks + info.hblkhd; }
void *hand_out(size_t size) { alive++; return malloc(size); }
void take_back(void *block) { if (block) alive--; free(block); }

static char *text(const char *s) { alive++; return strdup(s); }

/* -- callee-allocated arrays ------------------------------------------------------------------------------------- */

/* mode 0: keep, first n values negated; 1: replace by n/2 values; 2: NULL; 3: shrink in place */
int resize(int **v, int *n, int mode) {
    called++;
    long sum = 0;
    for (int i = 0; i < *n; i++) sum += (*v)[i] * (i + 1);
    if (mode == 0) for (int i = 0; i < *n; i++) (*v)[i] = -(*v)[i];
    if (mode == 1) {
        free(*v);
        *n /= 2;
        *v = malloc(sizeof(int) * (size_t)*n);
        for (int i = 0; i < *n; i++) (*v)[i] = i + 100;
    }
    if (mode == 2) { free(*v); *v = NULL; }
    if (mode == 3) *n = 1;
    return (int)sum;
}
int is_null_inside(int **v, int *n) { called++; if (*v) return 0; *n = 2; *v = malloc(8); (*v)[0] = 7; (*v)[1] = 8; return 1; }
int make_ints(int **v, int *n) { *n = 4; *v = hand_out(16); for (int i = 0; i < 4; i++) (*v)[i] = i * i; return *n; }
int count_after(int *n, int **v) { *n = 3; *v = hand_out(12); for (int i = 0; i < 3; i++) (*v)[i] = 10 - i; return 0; }
int make_nothing(int **v, int *n) { *v = NULL; *n = 5; return 0; }
int make_negative(int **v, int *n) { *v = hand_out(4); *n = -1; return 0; }
int make_bytes(unsigned char **data, size_t *size) { *size = 3; *data = hand_out(3); memcpy(*data, "a\0b", 3); return 0; }
int make_data(void **data, size_t *size) { *size = 4; *data = hand_out(4); memcpy(*data, "\1\2\3\4", 4); return 0; }
int make_raw_text(char **data, size_t *size) { *size = 2; *data = hand_out(2); memcpy(*data, "xy", 2); return 0; }
int make_texts(char ***list, int *n) {
    *n = 3;
    *list = hand_out(3 * sizeof(char *));
    (*list)[0] = text("one"); (*list)[1] = NULL; (*list)[2] = text("thr\xc3\xa9""e");
    return 0;
}
struct person { char *name; uint32_t age; char *city; };
int make_people(int *n, struct person **list) {
    *n = 3;
    *list = hand_out(3 * sizeof(struct person));
    for (int i = 0; i < 3; i++) {
        char name[8] = "p0";
        name[1] = (char)('0' + i);
        (*list)[i] = (struct person){text(name), (uint32_t)(30 + i), text("here")};
    }
    return 0;
}
int make_person(struct person **one) { *one = hand_out(sizeof(struct person)); **one = (struct person){text("solo"), 1, NULL}; return 0; }
int make_big(char **data, size_t *size) { *size = 200000; *data = malloc(*size); memset(*data, 'x', *size); return 0; }

/* -- returned arrays --------------------------------------------------------------------------------------------- */

int *three_ints(void) { int *v = hand_out(12); v[0] = 1; v[1] = 2; v[2] = 3; return v; }
int *some_ints(int n) { int *v = hand_out(sizeof(int) * (size_t)(n + 2)); for (int i = 0; i < n + 2; i++) v[i] = i; return v; }
const int *static_ints(void) { static const int v[] = {4, 5, 6}; return v; }
int *no_ints(void) { return NULL; }
unsigned char *owned_bytes(size_t *n) { *n = 3; unsigned char *b = hand_out(3); memcpy(b, "\0\1\2", 3); return b; }
char **split(const char *s, int *n) {
    char **list = hand_out(2 * sizeof(char *));
    (void)s;
    list[0] = text("left"); list[1] = text("right");
    *n = 2;
    return list;
}

/* one block: two pointers, and behind them the texts that they point to */
char **in_one_block(int *n) {
    char **list = hand_out(2 * sizeof(char *) + 16);
    list[0] = (char *)(list + 2);
    list[1] = list[0] + 8;
    strcpy(list[0], "first");
    strcpy(list[1], "second");
    *n = 2;
    return list;
}

/* -- counts ------------------------------------------------------------------------------------------------------ */

int sum(const int *v, int n) { called++; int s = 0; for (int i = 0; v && i < n; i++) s += v[i] * (i + 1); return v ? s : -1; }
int is_null(const int *v, int n) { (void)n; return v == NULL; }
int call_sized(int (*callback)(const int *v, int n), int n) { static const int v[] = {1, 2, 3, 4, 5, 6, 7, 8}; return callback(v, n); }
int call_null(int (*callback)(const int *v, int n)) { return callback(NULL, 77); }
int call_one(int (*callback)(const int *v)) { static const int v[] = {9, 8}; return callback(v); }
int read_some(int *out, int n) { called++; for (int i = 0; i < 3 && i < n; i++) out[i] = i + 1; return 3; }

/* -- numbers in memory ------------------------------------------------------------------------------------------- */

double sum_doubles(const double *v, int n) { double s = 0; for (int i = 0; i < n; i++) s += v[i] * (i + 1); return s; }
float sum_floats(const float *v, int n) { float s = 0; for (int i = 0; i < n; i++) s += v[i]; return s; }
int64_t sum_i8(const int64_t *v, int n) { int64_t s = 0; for (int i = 0; i < n; i++) s = s * 3 + v[i]; return s; }
uint32_t sum_u2(const uint16_t *v, int n) { uint32_t s = 0; for (int i = 0; i < n; i++) s = s * 3 + v[i]; return s; }
void twice(int *v, int n) { called++; for (int i = 0; i < n; i++) v[i] *= 2; }
void count_up(int *v, int n) { called++; for (int i = 0; i < n; i++) v[i] = i; }
void fill_bytes(unsigned char *b, size_t n) { called++; for (size_t i = 0; i < n; i++) b[i] = (unsigned char)(i + 1); }
void overrun(int *v, int n, int more) { called++; for (int i = 0; i < n + more; i++) v[i] = 7; }
void underrun(int *v, int n) { called++; v[-1] = n; }

/* -- more dimensions --------------------------------------------------------------------------------------------- */

int sum_rows(int m[][3], int rows) {
    called++;
    int s = 0;
    for (int r = 0; r < rows; r++) for (int c = 0; c < 3; c++) s = s * 2 + m[r][c];
    return s;
}
void negate_rows(int m[][3], int rows) { for (int r = 0; r < rows; r++) for (int c = 0; c < 3; c++) m[r][c] = -m[r][c]; }
double trace(const double cube[][2][2], int n) { double s = 0; for (int i = 0; i < n; i++) s += cube[i][0][0] + 10 * cube[i][1][1] + 100 * cube[i][0][1]; return s; }
int call_rows(int (*callback)(int m[][3], int rows)) { int m[2][3] = {{1, 2, 3}, {4, 5, 6}}; return callback(m, 2); }
long name_lengths(const char names[][8], int n) { long s = 0; for (int i = 0; i < n; i++) s = s * 10 + (long)strlen(names[i]); return s; }
struct matrix { int m[2][3]; double d; };
int check_matrix(const struct matrix *x) { int s = 0; for (int i = 0; i < 6; i++) s = s * 2 + x->m[i / 3][i % 3]; return s; }
struct matrix make_matrix(void) { struct matrix x = {{{1, 2, 3}, {4, 5, 6}}, 0.5}; return x; }
void pair(int fds[2]) { fds[0] = 11; fds[1] = 12; }

/* -- arrays in structs ------------------------------------------------------------------------------------------- */

struct inline_array { uint8_t flag; int32_t vals[3]; };
int64_t check_inline(const struct inline_array *s) {
    return sizeof(struct inline_array) == 16 ? s->flag + 10 * s->vals[0] + 100 * s->vals[1] + 1000 * s->vals[2] : -1;
}
struct inline_array make_inline(void) { struct inline_array s = {1, {2, 3, 4}}; return s; }

/* -- structs with texts ------------------------------------------------------------------------------------------ */

struct names { char *first; char *last; };
int rename_all(struct names *people, int n) {
    called++;
    int length = 0;
    for (int i = 0; i < n; i++) {
        length += (int)strlen(people[i].first);
        if (i % 2 == 0) { free(people[i].first); people[i].first = strdup("new"); }
        if (i == 1) { free(people[i].last); people[i].last = NULL; }
    }
    return length;
}

/* -- part of an array -------------------------------------------------------------------------------------------- */

int read_part(unsigned char *buffer, unsigned cb, unsigned *got, unsigned wanted) {
    called++;
    for (unsigned i = 0; i < cb && i < wanted; i++) buffer[i] = (unsigned char)('a' + i % 26);
    *got = wanted;
    return 0;
}
/* sees how many of `size` elements came in, and leaves more of them */
int grow_part(int *v, int size, int *length) {
    called++;
    int s = 0;
    for (int i = 0; i < size; i++) s = s * 10 + v[i];
    for (int i = *length; i < size; i++) v[i] = 9;
    if (*length < size) (*length)++;
    return s;
}
int sum_part(const int *v, int size, int length) { called++; int s = 0; for (int i = 0; i < size; i++) s = s * 10 + v[i]; return s * (length > 0); }
int call_part(int (*callback)(const int *v, int size, int length), int length) { int v[] = {1, 2, 3, 4}; return callback(v, 4, length); }
