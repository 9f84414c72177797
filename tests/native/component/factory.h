// How each file's classes are made: by an interface of a new object.
#ifndef FACTORY_H
#define FACTORY_H
#include "com.h"

#define MAKES(name) HRESULT make_##name(const GUID &iid, void **out);
MAKES(widget)
MAKES(calculator)
MAKES(recorder)
MAKES(collection)
MAKES(faulty)
MAKES(source)
MAKES(bound)
MAKES(free)
MAKES(described)
MAKES(described_by_source)
MAKES(described_by_info)
MAKES(outer)
MAKES(rogue)
MAKES(two_faced)
MAKES(faceless)
MAKES(big)
MAKES(slots)
MAKES(shifted)
MAKES(after)
MAKES(before)
MAKES(microsoft)
MAKES(holder)
#undef MAKES

// The one class that can be part of another object; `outer` is null when it is not.
HRESULT make_inner(IUnknown *outer, const GUID &iid, void **out);
// Leaves an error of the thread, as a method of Faulty does.
void tell_error(const char *description);
#endif
