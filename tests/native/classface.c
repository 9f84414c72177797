/* Early bound calls of a class interface: the members of a Python class by slot (R14.17). */
#include <stdint.h>
#include <string.h>

typedef void ***object;
typedef struct { uint8_t bytes[16]; } iid;
typedef struct { uint16_t vt, reserved[3]; uint64_t value, rest; } variant;

/* IUnknown has three slots, IDispatch four, _Object four: what the class adds comes behind them, in its order. */
enum { QUERY = 0, RELEASE = 2, TO_STRING = 7, EQUALS, GET_HASH_CODE, GET_TYPE, OWN };

static int32_t asked(object known, const iid *wanted, object *found) {
    return ((int32_t (*)(object, const iid *, object *))(*known)[QUERY])(known, wanted, found);
}
static void released(object known) { ((uint32_t (*)(object))(*known)[RELEASE])(known); }

/* What QueryInterface says of an IID. */
int32_t answers(object known, iid wanted) {
    object found = 0;
    int32_t result = asked(known, &wanted, &found);
    if (found) released(found);
    return result;
}

/* HRESULT add(int32_t a, int32_t b, [out, retval] int32_t *sum), the first member of the class. */
int32_t add_early(object known, iid wanted, int32_t a, int32_t b, int32_t *sum) {
    object face = 0;
    int32_t result = asked(known, &wanted, &face);
    if (result < 0) return result;
    result = ((int32_t (*)(object, int32_t, int32_t, int32_t *))(*face)[OWN])(face, a, b, sum);
    released(face);
    return result;
}
/* The property behind it: its getter and its setter. */
int32_t set_early(object known, iid wanted, int32_t value, int32_t *now) {
    object face = 0;
    int32_t result = asked(known, &wanted, &face);
    if (result < 0) return result;
    result = ((int32_t (*)(object, int32_t))(*face)[OWN + 2])(face, value);
    if (result >= 0) result = ((int32_t (*)(object, int32_t *))(*face)[OWN + 1])(face, now);
    released(face);
    return result;
}
/* The members of _Object: the text, whether the object equals itself, and two codes. */
int32_t object_early(object known, iid wanted, void **text, int16_t *same, int32_t *hashed, int32_t *type) {
    object face = 0;
    int32_t result = asked(known, &wanted, &face);
    if (result < 0) return result;
    variant itself;
    memset(&itself, 0, sizeof itself);
    itself.vt = 9;
    itself.value = (uint64_t)(uintptr_t)face;
    result = ((int32_t (*)(object, void **))(*face)[TO_STRING])(face, text);
    if (result >= 0) result = ((int32_t (*)(object, variant, int16_t *))(*face)[EQUALS])(face, itself, same);
    if (result >= 0) result = ((int32_t (*)(object, int32_t *))(*face)[GET_HASH_CODE])(face, hashed);
    void *nothing = 0;
    *type = ((int32_t (*)(object, void **))(*face)[GET_TYPE])(face, &nothing);
    released(face);
    return result;
}
