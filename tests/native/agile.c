/* Two objects that say on which thread they are called; one of them says that any thread will do. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct { uint8_t bytes[16]; } guid;
typedef struct object object;

struct table {
    int32_t (*query)(object *, const guid *, void **);
    uint32_t (*add_ref)(object *);
    uint32_t (*release)(object *);
    int32_t (*where)(object *, int32_t *);
};
struct object { const struct table *table; uint32_t count; int agile; };

static const guid UNKNOWN = {{0, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
static const guid PLACED = {{0x03, 0xA0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
static const guid AGILE = {{0x94, 0x2B, 0xEA, 0x94, 0xCC, 0xE9, 0xE0, 0x49, 0xC0, 0xFF, 0xEE, 0x64, 0xCA, 0x8F, 0x5B, 0x90}};

static int same(const guid *a, const guid *b) { return memcmp(a, b, sizeof *a) == 0; }
static uint32_t add_ref(object *self) { return __atomic_add_fetch(&self->count, 1, __ATOMIC_SEQ_CST); }
static uint32_t release(object *self)
{
    uint32_t left = __atomic_sub_fetch(&self->count, 1, __ATOMIC_SEQ_CST);
    if (left == 0) free(self);
    return left;
}
static int32_t query(object *self, const guid *iid, void **out)
{
    *out = NULL;
    if (!same(iid, &UNKNOWN) && !same(iid, &PLACED) && !(self->agile && same(iid, &AGILE))) return 0x80004002;
    *out = self;
    add_ref(self);
    return 0;
}
static int32_t where(object *self, int32_t *thread)
{
    (void)self;
    *thread = gettid();
    return 0;
}
static const struct table table = {query, add_ref, release, where};

static int32_t make(int agile, void **out)
{
    object *made = malloc(sizeof *made);
    *made = (object){&table, 1, agile};
    *out = made;
    return 0;
}
int32_t make_agile(void **out) { return make(1, out); }
int32_t make_plain(void **out) { return make(0, out); }
