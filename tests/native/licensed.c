/* A class that is made with a licence only, and others of one object each that are exported in other ways. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct { uint8_t bytes[16]; } guid;
typedef struct object object;

struct table {
    int32_t (*query)(object *, const guid *, void **);
    uint32_t (*add_ref)(object *);
    uint32_t (*release)(object *);
    void *own[5];
};
struct object { const struct table *table; uint32_t count; int32_t number; };

#define E_NOINTERFACE ((int32_t)0x80004002)
#define CLASS_E_NOAGGREGATION ((int32_t)0x80040110)
#define CLASS_E_CLASSNOTAVAILABLE ((int32_t)0x80040111)
#define CLASS_E_NOTLICENSED ((int32_t)0x80040112)

static const guid UNKNOWN = {{0, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
static const guid FACTORY = {{1, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
static const guid FACTORY2 = {{0x8F, 0xB2, 0x96, 0xB1, 0xB4, 0xBA, 0x1A, 0x10, 0xB6, 0x9C, 0, 0xAA, 0, 0x34, 0x1D, 0x07}};
/* {0000A001-0000-0000-C000-000000000046}: int32_t Number([out, retval] int32_t *) */
static const guid NUMBERED = {{0x01, 0xA0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
/* {0000A0FF-…}: the class */
static const guid CLASS = {{0xFF, 0xA0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}};

static int live, made;
int objects_alive(void) { return live; }
int objects_made(void) { return made; }

static int same(const guid *a, const guid *b) { return memcmp(a, b, sizeof(guid)) == 0; }
static uint32_t add_ref(object *self) { return ++self->count; }
static uint32_t release(object *self)
{
    uint32_t left = --self->count;
    if (left == 0) { live--; free(self); }
    return left;
}
static int32_t number(object *self, int32_t *out) { *out = self->number; return 0; }
static int32_t query_numbered(object *self, const guid *iid, void **out)
{
    *out = NULL;
    if (!same(iid, &UNKNOWN) && !same(iid, &NUMBERED)) return E_NOINTERFACE;
    *out = self;
    add_ref(self);
    return 0;
}
static const struct table numbered = {query_numbered, add_ref, release, {number}};

static object *make(const struct table *table, int32_t value)
{
    object *self = calloc(1, sizeof(object));
    self->table = table;
    self->count = 1;
    self->number = value;
    live++;
    made++;
    return self;
}
static int32_t give(object *self, const guid *iid, void **out)
{
    int32_t result = self->table->query(self, iid, out);
    self->table->release(self);
    return result;
}

/* The class object: IClassFactory2. */
static int32_t create(object *self, object *outer, const guid *iid, void **out)
{
    (void)self; (void)iid; (void)outer;
    *out = NULL;
    return CLASS_E_NOTLICENSED;
}
static int32_t lock(object *self, int32_t on) { (void)self; (void)on; return 0; }
static int32_t info(object *self, void *out) { (void)self; (void)out; return 0; }
static int32_t request(object *self, uint32_t reserved, void **out) { (void)self; (void)reserved; *out = NULL; return CLASS_E_NOTLICENSED; }
static int32_t create_licensed(object *self, object *outer, object *reserved, const guid *iid, const uint16_t *key, void **out)
{
    static const uint16_t right[] = {'k', 'e', 'y', 0xE9};
    (void)self; (void)reserved;
    *out = NULL;
    if (outer) return CLASS_E_NOAGGREGATION;
    uint32_t length;
    memcpy(&length, (const char *)key - 4, 4);
    if (length != sizeof right || memcmp(key, right, length)) return CLASS_E_NOTLICENSED;
    return give(make(&numbered, 7), iid, out);
}
static int32_t query_factory(object *self, const guid *iid, void **out)
{
    *out = NULL;
    if (!same(iid, &UNKNOWN) && !same(iid, &FACTORY) && !same(iid, &FACTORY2)) return E_NOINTERFACE;
    *out = self;
    add_ref(self);
    return 0;
}
static const struct table factory2 = {query_factory, add_ref, release, {create, lock, info, request, create_licensed}};

int32_t DllGetClassObject(const guid *clsid, const guid *iid, void **out)
{
    *out = NULL;
    if (!same(clsid, &CLASS)) return CLASS_E_CLASSNOTAVAILABLE;
    return give(make(&factory2, 0), iid, out);
}

/* Other shapes of factories. */
int32_t by_interface(const guid *iid, void **out) { return give(make(&numbered, 1), iid, out); }
int32_t by_out(void **out) { *out = make(&numbered, 2); return 0; }
void *returned(void) { return make(&numbered, 3); }
static object *kept;
void *borrowed(void) { if (!kept) kept = make(&numbered, 4); return kept; }
int32_t only_as_numbered(const guid *clsid, const guid *iid, void **out)
{
    (void)clsid;
    *out = NULL;
    return same(iid, &NUMBERED) ? give(make(&numbered, 5), iid, out) : E_NOINTERFACE;
}
int32_t gives_nothing(void **out) { *out = NULL; return 0; }
void *returns_nothing(void) { return NULL; }
