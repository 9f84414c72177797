/* Two counted objects, and a pointer to one of them that an object of the caller may exchange (R8.9). */
#include <stdint.h>
#include <string.h>

typedef struct object {
    void **methods;
    int32_t count;
} object;

static const uint8_t UNKNOWN[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46};
static uint32_t add_ref(object *self) { return (uint32_t)++self->count; }
static uint32_t release(object *self) { return (uint32_t)--self->count; }
static int32_t query(object *self, const uint8_t *iid, void **out) {
    *out = memcmp(iid, UNKNOWN, sizeof UNKNOWN) == 0 ? self : 0;
    if (*out == 0) return (int32_t)0x80004002;
    add_ref(self);
    return 0;
}
static void *METHODS[] = {(void *)query, (void *)add_ref, (void *)release};
static object objects[2] = {{METHODS, 0}, {METHODS, 0}};
static object *slot;

int32_t count_of(int32_t index) { return objects[index].count; }
int32_t object_at(int32_t index, object **out) {
    *out = &objects[index];
    add_ref(*out);
    return 0;
}
/* The slot holds the first object and owns a reference to it; says which one it holds afterwards, -1 for none. */
int32_t exchange(void ***exchanger, int32_t *held) {
    slot = &objects[0];
    add_ref(slot);
    int32_t result = ((int32_t (*)(void *, object **))(*exchanger)[3])(exchanger, &slot);
    *held = slot == &objects[0] ? 0 : slot == &objects[1] ? 1 : -1;
    return result;
}
void let_go(void) {
    if (slot != 0) release(slot);
    slot = 0;
}
