// Objects in the members of a struct: whoever has the struct has a reference of each (R13.11).
#include <initializer_list>

#include "counted.h"

struct Held {
    IUnknown *object;
    IDispatch *late;
    VARIANT any;
};

extern "C" {
// Which members are there, and the type of the last; each is asked for its identity, so that a wrong one shows.
int component_look(const Held *held)
{
    int found = 0;
    for (IUnknown *each : {held->object, static_cast<IUnknown *>(held->late)}) {
        IUnknown *unknown = queried<IUnknown>(each);
        found = 2 * found + (unknown != nullptr);
        if (unknown) unknown->Release();
    }
    return 100 * found + held->any.vt;
}
void component_fill(IUnknown *object, Held *held)
{
    if (object) object->AddRef();
    held->object = object;
    held->late = queried<IDispatch>(object);
    held->any.vt = VT_UNKNOWN;
    held->any.unknown = object;
    if (object) object->AddRef();
}
// Puts another object into the first member, and nothing into the others: what was there is given back.
void component_exchange(IUnknown *object, Held *held)
{
    if (held->object) held->object->Release();
    if (held->late) held->late->Release();
    if (object) object->AddRef();
    held->object = object;
    held->late = nullptr;
    VariantClear(&held->any);
}
}
