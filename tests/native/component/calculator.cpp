// A dual object: the same members by slot and by name (R14.1, R14.21 to R14.24).
#include "counted.h"
#include "factory.h"
#include "faces.h"
#include "names.h"

#include <cstdlib>
#include <map>
#include <string>

namespace {
enum { ITEM = 0, TOTAL = 1, ADD = 2, DIVIDE = 3, PARTNER = 4 };
const Name NAMES[] = {{"item", ITEM}, {"total", TOTAL}, {"add", ADD}, {"divide", DIVIDE}, {"partner", PARTNER},
                      {"a", 0}, {"b", 1}};

// R14.24: texts and reals are taken for whole numbers.
HRESULT whole(const VARIANT &value, int32_t *number)
{
    char text[32], *end = text;
    switch (value.vt) {
    case VT_I4: *number = value.i4; return S_OK;
    case VT_I2: *number = value.i2; return S_OK;
    case VT_BOOL: *number = value.truth; return S_OK;
    case VT_I8:
        *number = (int32_t)value.i8;
        return value.i8 == *number ? S_OK : DISP_E_OVERFLOW;
    case VT_R8:
        if (value.r8 >= 2147483648.0 || value.r8 < -2147483648.0) return DISP_E_OVERFLOW;
        *number = (int32_t)value.r8;
        return S_OK;
    case VT_BSTR:
        spelled(value.bstr, text, sizeof text);
        *number = (int32_t)strtol(text, &end, 10);
        return *text && !*end ? S_OK : DISP_E_TYPEMISMATCH;
    case VT_BYREF | VT_I4: *number = *value.i4_ref; return S_OK;
    }
    return DISP_E_TYPEMISMATCH;
}

class Calculator final : public ICalculator, public Counted {
public:
    NAMED(Calculator)
    ~Calculator() override
    {
        if (partner) partner->Release();
        for (auto &item : items) VariantClear(&item.second);
    }
    COUNTED
    OFFERS(ICalculator, IDispatch)
    UNTYPED

    HRESULT get_Total(int32_t *value) override { CALL; *value = total; return S_OK; }
    HRESULT put_Total(int32_t value) override { CALL; total = value; return S_OK; }
    HRESULT Add(int32_t a, int32_t b, int32_t *sum) override { CALL; total = *sum = a + b; return S_OK; }
    HRESULT Divide(int32_t a, int32_t b, int32_t *quotient) override
    {
        CALL;
        *quotient = 0;
        if (b == 0) return DISP_E_DIVBYZERO;
        *quotient = a / b;
        return S_OK;
    }
    HRESULT get_Item(BSTR key, VARIANT *value) override
    {
        CALL;
        char name[64];
        spelled(key, name, sizeof name);
        auto found = items.find(name);
        return found == items.end() ? S_FALSE : VariantCopy(value, &found->second);
    }
    HRESULT put_Item(BSTR key, VARIANT value) override
    {
        CALL;
        char name[64];
        spelled(key, name, sizeof name);
        return VariantCopy(&items[name], &value);
    }
    HRESULT get_Partner(IDispatch **value) override
    {
        CALL;
        if (partner) partner->AddRef();
        *value = partner;
        return S_OK;
    }
    HRESULT putref_Partner(IDispatch *value) override
    {
        CALL;
        if (value) value->AddRef();
        if (partner) partner->Release();
        partner = value;
        return S_OK;
    }

    HRESULT GetIDsOfNames(const GUID &, OLECHAR **names, uint32_t count, LCID, DISPID *ids) override
    {
        CALL;
        return ids_of(NAMES, sizeof NAMES / sizeof *NAMES, names, count, ids);
    }
    HRESULT Invoke(DISPID id, const GUID &iid, LCID, uint16_t flags, DISPPARAMS *params, VARIANT *result, EXCEPINFO *,
                   uint32_t *wrong) override
    {
        CALL;
        if (iid != NONE) return DISP_E_UNKNOWNINTERFACE;
        const bool put = flags & (DISPATCH_PROPERTYPUT | DISPATCH_PROPERTYPUTREF);
        if (params->cNamedArgs != (put ? 1u : 0u)) return DISP_E_NONAMEDARGS;
        if (put && params->rgdispidNamedArgs[0] != DISPID_PROPERTYPUT) return DISP_E_PARAMNOTFOUND;
        VARIANT ignored;
        ignored.vt = VT_EMPTY;
        HRESULT answer = perform(id, put, params, result ? result : &ignored, wrong);
        VariantClear(&ignored);
        return answer;
    }

private:
    // Arguments stand in reverse: the first is the last of the array.
    HRESULT perform(DISPID id, bool put, DISPPARAMS *params, VARIANT *result, uint32_t *wrong)
    {
        const uint32_t count = params->cArgs;
        VARIANT *values = params->rgvarg;
        int32_t numbers[2] = {};
        if (id == ADD || id == DIVIDE || (id == TOTAL && put)) {
            if (count != (id == TOTAL ? 1u : 2u)) return DISP_E_BADPARAMCOUNT;
            for (uint32_t i = 0; i < count; i++) {
                HRESULT fault = whole(values[count - 1 - i], &numbers[i]);
                if (fault < 0) {
                    if (wrong) *wrong = count - 1 - i;
                    return fault;
                }
            }
        }
        switch (id) {
        case TOTAL:
            if (put) return put_Total(numbers[0]);
            if (count) return DISP_E_BADPARAMCOUNT;
            result->vt = VT_I4;
            return get_Total(&result->i4);
        case ADD: result->vt = VT_I4; return Add(numbers[0], numbers[1], &result->i4);
        case DIVIDE: {
            HRESULT answer = Divide(numbers[0], numbers[1], &numbers[0]);
            if (answer >= 0) { result->vt = VT_I4; result->i4 = numbers[0]; }
            return answer;
        }
        case ITEM:
            if (count != (put ? 2u : 1u)) return DISP_E_BADPARAMCOUNT;
            if (values[count - 1].vt != VT_BSTR) { if (wrong) *wrong = count - 1; return DISP_E_TYPEMISMATCH; }
            return put ? put_Item(values[1].bstr, values[0]) : get_Item(values[0].bstr, result);
        case PARTNER:
            if (!put) { result->vt = VT_DISPATCH; return get_Partner(&result->dispatch); }
            if (values[0].vt != VT_DISPATCH) { if (wrong) *wrong = 0; return DISP_E_TYPEMISMATCH; }
            return putref_Partner(values[0].dispatch);
        }
        return DISP_E_MEMBERNOTFOUND;
    }

    int32_t total = 0;
    IDispatch *partner = nullptr;
    std::map<std::string, VARIANT> items;
};
}

HRESULT make_calculator(const GUID &iid, void **out) { return made<Calculator>(iid, out); }
