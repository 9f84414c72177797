// A widget: five interfaces and one that derives from another, with values of every kind.
#include "counted.h"
#include "factory.h"
#include "faces.h"

namespace {
BSTR kept(BSTR text) { return text ? SysAllocStringByteLen(text, SysStringByteLen(text)) : nullptr; }

class Widget final : public INamed, public ISquare, public IValues, public IValueTypes, public ILinks,
                     public ISignatures, public Counted {
public:
    NAMED(Widget)
    ~Widget() override
    {
        SysFreeString(name);
        if (stored) stored->Release();
    }
    COUNTED
    OFFERS(INamed, IShape, ISquare, IValues, IValueTypes, ILinks, ISignatures)

    HRESULT get_Name(BSTR *value) override { CALL; *value = kept(name); return S_OK; }
    HRESULT put_Name(BSTR value) override { CALL; SysFreeString(name); name = kept(value); return S_OK; }

    HRESULT Area(double *area) override { CALL; *area = side * side; return S_OK; }
    HRESULT Scale(double factor) override { CALL; side *= factor; return factor > 0 ? S_OK : E_INVALIDARG; }
    HRESULT Side(double *value) override { CALL; *value = side; return S_OK; }
    HRESULT SetSide(double value) override { CALL; side = value; return S_OK; }

    HRESULT Truths(VARIANT_BOOL a, int32_t b, VARIANT_BOOL *both) override
    {
        CALL;
        *both = a && b ? -1 : 0;
        return (a == -1 || a == 0) && (b == 1 || b == 0) ? S_OK : E_INVALIDARG;
    }
    HRESULT Integers(int8_t a, uint8_t b, int16_t c, uint16_t d, int32_t e, uint32_t f, int64_t g, uint64_t h,
                     int64_t *sum) override
    {
        CALL;
        *sum = a + b + c + d + (int64_t)e + f + g + (int64_t)h;
        return S_OK;
    }
    HRESULT Reals(float a, double b, double *product) override { CALL; *product = a * b; return S_OK; }
    HRESULT Join(BSTR a, BSTR b, BSTR *joined) override
    {
        CALL;
        uint32_t first = SysStringByteLen(a), second = SysStringByteLen(b);
        *joined = SysAllocStringByteLen(nullptr, first + second);
        if (a) memcpy(*joined, a, first);
        if (b) memcpy((char *)*joined + first, b, second);
        return S_OK;
    }
    HRESULT Upper(BSTR *text) override
    {
        CALL;
        BSTR upper = kept(*text);
        for (uint32_t i = 0; i < SysStringByteLen(upper) / 2; i++)
            if (upper[i] >= 'a' && upper[i] <= 'z') upper[i] -= 32;
        SysFreeString(*text);
        *text = upper;
        return S_OK;
    }
    HRESULT Split(BSTR text, BSTR *head, BSTR *tail) override
    {
        CALL;
        uint32_t half = SysStringByteLen(text) / 4 * 2;
        *head = SysAllocStringByteLen(text, half);
        *tail = SysAllocStringByteLen((char *)text + half, SysStringByteLen(text) - half);
        return S_OK;
    }
    HRESULT Units(const char16_t *text, int32_t *units) override
    {
        CALL;
        for (*units = 0; text[*units]; ++*units) {}
        return S_OK;
    }
    HRESULT Bytes(const char *text, int32_t *bytes) override { CALL; *bytes = (int32_t)strlen(text); return S_OK; }
    HRESULT Echo(VARIANT value, VARIANT *same) override { CALL; return VariantCopy(same, &value); }
    HRESULT Kind(VARIANT value, int32_t *vt) override { CALL; *vt = value.vt; return S_OK; }
    HRESULT Change(VARIANT *value) override
    {
        CALL;
        bool whole = value->vt == VT_I4;
        VariantClear(value);
        if (whole) { value->vt = VT_BSTR; value->bstr = bstr("changed"); }
        return S_OK;
    }
    HRESULT Sum(SAFEARRAY *values, int64_t *sum) override
    {
        CALL;
        *sum = 0;
        if (!values) return S_FALSE;
        for (uint32_t i = 0; i < values->rgsabound[0].cElements; i++) *sum += ((int32_t *)values->pvData)[i];
        return S_OK;
    }
    HRESULT Range(int32_t count, SAFEARRAY **values) override
    {
        CALL;
        *values = make_vector(VT_I4, FADF_HAVEVARTYPE, 4, count);
        for (int32_t i = 0; i < count; i++) ((int32_t *)(*values)->pvData)[i] = i;
        return S_OK;
    }
    HRESULT Turn(SAFEARRAY **texts) override
    {
        CALL;
        BSTR *each = (BSTR *)(*texts)->pvData;
        uint32_t count = (*texts)->rgsabound[0].cElements;
        for (uint32_t i = 0; i < count / 2; i++) {
            BSTR first = each[i];
            each[i] = each[count - 1 - i];
            each[count - 1 - i] = first;
        }
        return S_OK;
    }
    HRESULT Later(DATE day, double days, DATE *then) override { CALL; *then = day + days; return S_OK; }
    HRESULT Negate(DECIMAL value, DECIMAL *negated) override { CALL; value.sign ^= 0x80; *negated = value; return S_OK; }
    HRESULT Twice(CY amount, CY *doubled) override { CALL; doubled->int64 = 2 * amount.int64; return S_OK; }
    HRESULT Flip(GUID value, GUID *flipped) override { CALL; value.Data1 = ~value.Data1; *flipped = value; return S_OK; }
    HRESULT Average(const double *values, int32_t count, double *average) override
    {
        CALL;
        *average = 0;
        for (int32_t i = 0; i < count; i++) *average += values[i] / count;
        return S_OK;
    }
    HRESULT Squares(int32_t count, int32_t *values) override
    {
        CALL;
        for (int32_t i = 0; i < count; i++) values[i] = i * i;
        return S_OK;
    }
    HRESULT Following(Colour colour, Colour *next) override { CALL; *next = Colour((colour + 1) % 3); return S_OK; }
    HRESULT Grow(DECIMAL *value, GUID *id, DATE *day) override
    {
        CALL;
        value->Lo64 *= 10;
        id->Data1++;
        *day += 1;
        return S_OK;
    }

    HRESULT M1(DATE value) override { CALL; return value == 36526.5 ? S_OK : E_INVALIDARG; }
    HRESULT M2(GUID value) override { CALL; return value == IDispatch::IID ? S_OK : E_INVALIDARG; }
    HRESULT M3(DECIMAL value) override
    {
        CALL;
        return value.Lo64 == 12345 && value.Hi32 == 0 && value.scale == 2 && value.sign == 0x80 ? S_OK : E_INVALIDARG;
    }
    HRESULT M4(OLE_COLOR value) override { CALL; return value == 0x000080FF ? S_OK : E_INVALIDARG; }
    HRESULT SetPoint(Point value) override { CALL; point = value; value.x = -1; return S_OK; }
    HRESULT SetPointRef(Point *value) override
    {
        CALL;
        Point old = point;
        point = *value;
        *value = old;
        return S_OK;
    }
    HRESULT GetPoint(Point *value) override { CALL; *value = point; return S_OK; }

    HRESULT Self(IShape **shape) override { CALL; AddRef(); *shape = this; return S_OK; }
    HRESULT SelfUnknown(IUnknown **unknown) override { CALL; AddRef(); *unknown = static_cast<ILinks *>(this); return S_OK; }
    HRESULT As(const GUID &iid, void **found) override { CALL; return QueryInterface(iid, found); }
    HRESULT Measure(IShape *shape, double *area) override { CALL; return shape ? shape->Area(area) : E_POINTER; }
    HRESULT Swap(IShape **shape) override
    {
        CALL;
        if (*shape) (*shape)->Release();
        AddRef();
        *shape = this;
        return S_OK;
    }
    HRESULT Pass(IShape *shape, IShape **same) override
    {
        CALL;
        if (shape) shape->AddRef();
        *same = shape;
        return S_OK;
    }
    HRESULT Store(IUnknown *object) override
    {
        CALL;
        if (object) object->AddRef();
        if (stored) stored->Release();
        stored = object;
        return S_OK;
    }
    HRESULT Stored(IUnknown **object) override
    {
        CALL;
        if (stored) stored->AddRef();
        *object = stored;
        return S_OK;
    }
    HRESULT Both(INamed **named, IShape **shape) override
    {
        CALL;
        AddRef();
        AddRef();
        *named = this;
        *shape = this;
        return S_OK;
    }
    HRESULT Maybe(int32_t give, IShape **shape) override { CALL; *shape = nullptr; return give ? Self(shape) : S_OK; }
    HRESULT Total(IShape **shapes, int32_t count, double *area) override
    {
        CALL;
        *area = 0;
        for (int32_t i = 0; i < count; i++) {
            double one = 0;
            if (shapes[i]) shapes[i]->Area(&one);
            *area += one;
        }
        return S_OK;
    }
    HRESULT Wrap(VARIANT *unknown) override
    {
        CALL;
        AddRef();
        unknown->vt = VT_UNKNOWN;
        unknown->unknown = static_cast<INamed *>(this);
        return S_OK;
    }

    uint32_t Version() override { CALL; return 0x01020304; }
    double Ratio(int32_t a, int32_t b) override { CALL; return (double)a / b; }
    void Touch() override { CALL; side += 1; }
    const char *Label() override { CALL; return "widget"; }
    BSTR Title() override { CALL; return bstr("title"); }
    Point Origin() override { CALL; return {7, -7}; }
    Extent Box() override { CALL; return {side, 2 * side, 3 * side}; }
    HRESULT Next(int32_t count, int32_t *values, int32_t *fetched) override
    {
        CALL;
        for (*fetched = 0; *fetched < count && *fetched < 2; ++*fetched) values[*fetched] = 10 + *fetched;
        return *fetched == count ? S_OK : S_FALSE;
    }
    HRESULT Say(HRESULT code) override { CALL; return code; }
    HRESULT SayAndGive(HRESULT code, int32_t *value) override { CALL; *value = 42; return code; }
    IShape *Borrow() override { CALL; return this; }
    IShape *Own() override { CALL; AddRef(); return this; }

private:
    BSTR name = bstr("widget");
    double side = 2;
    Point point = {3, 4};
    IUnknown *stored = nullptr;
};
}

HRESULT make_widget(const GUID &iid, void **out) { return made<Widget>(iid, out); }
