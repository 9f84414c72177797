// Names of members for IDispatch: found whatever their case, as automation wants it (R14.21).
#ifndef NAMES_H
#define NAMES_H
#include "com.h"

struct Name { const char *lower; DISPID id; };
constexpr GUID NONE = {0, 0, 0, {0, 0, 0, 0, 0, 0, 0, 0}};

inline bool same_name(const char *lower, const OLECHAR *name)
{
    for (; *lower && *name; lower++, name++)
        if (*lower != (*name >= 'A' && *name <= 'Z' ? *name + 32 : *name)) return false;
    return !*lower && !*name;
}

inline HRESULT ids_of(const Name *table, std::size_t size, OLECHAR **names, uint32_t count, DISPID *ids)
{
    HRESULT answer = S_OK;
    for (uint32_t i = 0; i < count; i++) {
        ids[i] = DISPID_UNKNOWN;
        for (std::size_t j = 0; j < size && ids[i] == DISPID_UNKNOWN; j++)
            if (same_name(table[j].lower, names[i])) ids[i] = table[j].id;
        if (ids[i] == DISPID_UNKNOWN) answer = DISP_E_UNKNOWNNAME;
    }
    return answer;
}
#endif
