/* Objects that say on which thread they are called; two of them say, each in its way, that any thread will do. */
#define _GNU_SOURCE
#include <stddef.h>
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
struct marshal_table {
    int32_t (*query)(void *, const guid *, void **);
    uint32_t (*add_ref)(void *);
    uint32_t (*release)(void *);
    int32_t (*unmarshal_class)(void *, const guid *, void *, uint32_t, void *, uint32_t, guid *);
};
struct object { const struct table *table; const struct marshal_table *marshal; uint32_t count; int agile; };
enum { PLAIN, IS_AGILE, FREE_THREADED };

static const guid UNKNOWN = {{0, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
static const guid PLACED = {{0x03, 0xA0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
static const guid AGILE = {{0x94, 0x2B, 0xEA, 0x94, 0xCC, 0xE9, 0xE0, 0x49, 0xC0, 0xFF, 0xEE, 0x64, 0xCA, 0x8F, 0x5B, 0x90}};
static const guid MARSHAL = {{0x03, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
static const guid FREE_MARSHALER = {{0x3A, 0x03, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}};

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
    if (same(iid, &UNKNOWN) || same(iid, &PLACED) || (self->agile == IS_AGILE && same(iid, &AGILE))) *out = self;
    else if (self->agile == FREE_THREADED && same(iid, &MARSHAL)) *out = &self->marshal;
    else return 0x80004002;
    add_ref(self);
    return 0;
}
/* What aggregates the marshaler forwards IMarshal to it, and it everything else to what aggregates it. */
static object *outer(void *marshal) { return (object *)((char *)marshal - offsetof(object, marshal)); }
static int32_t marshal_query(void *self, const guid *iid, void **out) { return query(outer(self), iid, out); }
static uint32_t marshal_add_ref(void *self) { return add_ref(outer(self)); }
static uint32_t marshal_release(void *self) { return release(outer(self)); }
static int32_t unmarshal_class(void *self, const guid *iid, void *object, uint32_t context, void *more, uint32_t flags, guid *found)
{
    (void)self, (void)iid, (void)object, (void)more, (void)flags;
    if (context != 3) return 0x80004001;
    *found = FREE_MARSHALER;
    return 0;
}
static const struct marshal_table marshal_table = {marshal_query, marshal_add_ref, marshal_release, unmarshal_class};
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
    *made = (object){&table, &marshal_table, 1, agile};
    *out = made;
    return 0;
}
int32_t make_agile(void **out) { return make(IS_AGILE, out); }
int32_t make_free_threaded(void **out) { return make(FREE_THREADED, out); }
int32_t make_plain(void **out) { return make(PLAIN, out); }
