// A dual collection. Its enumerator gives the last items together with S_FALSE, as real ones do (R14.8).
#include "counted.h"
#include "factory.h"
#include "faces.h"
#include "names.h"

#include <vector>

namespace {
enum { ITEM = 0, COUNT = 1, APPEND = 2 };
const Name NAMES[] = {{"item", ITEM}, {"count", COUNT}, {"append", APPEND}, {"_newenum", DISPID_NEWENUM}};

typedef std::vector<VARIANT> Values;

void append(Values &values, const VARIANT &value)
{
    VARIANT copy;
    copy.vt = VT_EMPTY;
    VariantCopy(&copy, &value);
    values.push_back(copy);
}

class Enumerator final : public IEnumVARIANT, public Counted {
public:
    Enumerator(const Values &from, std::size_t at) : Counted(static_cast<void *>(this), sizeof(Enumerator)), next(at)
    {
        for (const VARIANT &value : from) append(values, value);
    }
    ~Enumerator() override { for (VARIANT &value : values) VariantClear(&value); }
    COUNTED
    OFFERS(IEnumVARIANT)

    HRESULT Next(uint32_t count, VARIANT *out, uint32_t *fetched) override
    {
        CALL;
        uint32_t given = 0;
        for (; given < count && next < values.size(); given++, next++) {
            out[given].vt = VT_EMPTY;
            VariantCopy(&out[given], &values[next]);
        }
        if (fetched) *fetched = given;
        return given == count && next < values.size() ? S_OK : S_FALSE;
    }
    HRESULT Skip(uint32_t count) override
    {
        CALL;
        next += count;
        return next <= values.size() ? S_OK : S_FALSE;
    }
    HRESULT Reset() override { CALL; next = 0; return S_OK; }
    HRESULT Clone(IEnumVARIANT **copy) override { CALL; *copy = new Enumerator(values, next); return S_OK; }

private:
    Values values;
    std::size_t next;
};

class Collection final : public ICollection, public Counted {
public:
    NAMED(Collection)
    ~Collection() override { for (VARIANT &value : values) VariantClear(&value); }
    COUNTED
    OFFERS(ICollection, IDispatch)
    UNTYPED

    HRESULT get_Count(int32_t *count) override { CALL; *count = (int32_t)values.size(); return S_OK; }
    HRESULT get_Item(int32_t index, VARIANT *value) override
    {
        CALL;
        if (index < 0 || index >= (int32_t)values.size()) return (HRESULT)0x8002000B;
        return VariantCopy(value, &values[index]);
    }
    HRESULT get__NewEnum(IUnknown **enumerator) override { CALL; *enumerator = new Enumerator(values, 0); return S_OK; }
    HRESULT Append(VARIANT value) override { CALL; append(values, value); return S_OK; }

    HRESULT GetIDsOfNames(const GUID &, OLECHAR **names, uint32_t count, LCID, DISPID *ids) override
    {
        CALL;
        return ids_of(NAMES, sizeof NAMES / sizeof *NAMES, names, count, ids);
    }
    HRESULT Invoke(DISPID id, const GUID &, LCID, uint16_t, DISPPARAMS *params, VARIANT *result, EXCEPINFO *, uint32_t *) override
    {
        CALL;
        VARIANT ignored;
        ignored.vt = VT_EMPTY;
        VARIANT *to = result ? result : &ignored;
        HRESULT answer = DISP_E_MEMBERNOTFOUND;
        if (id == COUNT) { to->vt = VT_I4; answer = get_Count(&to->i4); }
        if (id == DISPID_NEWENUM) { to->vt = VT_UNKNOWN; answer = get__NewEnum(&to->unknown); }
        if (id == APPEND) answer = params->cArgs == 1 ? Append(params->rgvarg[0]) : DISP_E_BADPARAMCOUNT;
        if (id == ITEM)
            answer = params->cArgs == 1 && params->rgvarg[0].vt == VT_I4 ? get_Item(params->rgvarg[0].i4, to) : DISP_E_TYPEMISMATCH;
        VariantClear(&ignored);
        return answer;
    }

private:
    Values values;
};
}

HRESULT make_collection(const GUID &iid, void **out) { return made<Collection>(iid, out); }
