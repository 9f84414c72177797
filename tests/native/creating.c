/* Native code that has objects made by name, with what it was given as CoCreateInstance, and calls them by slot. */
#include <stdint.h>

typedef struct { uint8_t bytes[16]; } guid;
typedef void ***object;
typedef int32_t (*create)(const guid *clsid, object outer, uint32_t context, const guid *iid, object *made);
enum { RELEASE = 2, COUNT = 3, LOCAL_SERVER = 4 };

/* Makes an object and counts twice with it. */
int32_t counted(create co_create_instance, guid clsid, guid iid, int32_t *count) {
    object made = 0;
    int32_t result = co_create_instance(&clsid, 0, LOCAL_SERVER, &iid, &made);
    if (result < 0) return made ? -1 : result;
    int32_t (*next)(object, int32_t *) = (int32_t (*)(object, int32_t *))(*made)[COUNT];
    result = next(made, count);
    if (result >= 0) result = next(made, count);
    ((uint32_t (*)(object))(*made)[RELEASE])(made);
    return result;
}
