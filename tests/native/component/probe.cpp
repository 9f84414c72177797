// Looking at objects as a strict client does: the laws of QueryInterface, null arguments, errors, late binding.
#include "holder.h"
#include "names.h"

#include <string>

namespace {
// Interfaces of the component and the usual ones: an object answers for some of them.
const GUID ASKED[] = {IUnknown::IID, IDispatch::IID, INamed::IID, IShape::IID, ISquare::IID, IValues::IID, IValueTypes::IID,
                      ILinks::IID, ISignatures::IID, ICalculator::IID, ICallee::IID, IHolder::IID, IProbe::IID, IInner::IID,
                      ISupportErrorInfo::IID, IProvideClassInfo::IID, IMissing::IID};
const int COUNT = sizeof ASKED / sizeof *ASKED;

std::string named(int index) { return std::to_string(ASKED[index].Data1); }

BSTR told(const std::string &faults) { return bstr(faults.c_str()); }
}

HRESULT Holder::Ask(IUnknown *object, GUID iid, HRESULT *answer)
{
    CALL;
    void *found = this;
    *answer = object->QueryInterface(iid, &found);
    if (*answer == S_OK && found) ((IUnknown *)found)->Release();
    if (*answer != S_OK && found) *answer = E_UNEXPECTED;  // a failure sets the pointer to null
    return S_OK;
}

// R14.2: one identity, a constant set of interfaces, and each reached from each.
HRESULT Holder::Laws(IUnknown *object, BSTR *faults)
{
    CALL;
    std::string wrong;
    const uint64_t identity = identity_of(object);
    IUnknown *found[COUNT] = {};
    for (int i = 0; i < COUNT; i++) object->QueryInterface(ASKED[i], (void **)&found[i]);
    for (int i = 0; i < COUNT; i++) {
        if (!found[i]) continue;
        if (identity_of(found[i]) != identity) wrong += "identity through " + named(i) + "; ";
        for (int j = 0; j < COUNT; j++) {
            void *other = this;
            HRESULT answer = found[i]->QueryInterface(ASKED[j], &other);
            if ((answer == S_OK) != (found[j] != nullptr)) wrong += "from " + named(i) + " to " + named(j) + "; ";
            if (answer != S_OK && answer != E_NOINTERFACE) wrong += "code from " + named(i) + " to " + named(j) + "; ";
            if (answer != S_OK && other) wrong += "not null from " + named(i) + " to " + named(j) + "; ";
            if (answer == S_OK) ((IUnknown *)other)->Release();
        }
    }
    if (object->QueryInterface(IUnknown::IID, nullptr) != E_POINTER) wrong += "a null out pointer; ";
    for (IUnknown *each : found)
        if (each) each->Release();
    *faults = told(wrong);
    return S_OK;
}

// What AddRef and Release answer: numbers for people, but the second must be one less.
HRESULT Holder::Counts(IUnknown *object, int32_t *before, int32_t *after)
{
    CALL;
    *before = (int32_t)object->AddRef();
    *after = (int32_t)object->Release();
    return S_OK;
}
HRESULT Holder::Nulls(ICallee *callee, HRESULT *answer)
{
    CALL;
    *answer = callee->Step(1, nullptr);
    return S_OK;
}
HRESULT Holder::Say(ICallee *callee, BSTR text, BSTR *answer)
{
    CALL;
    return callee->Say(text, answer);
}
HRESULT Holder::Divide(ICallee *callee, int32_t a, int32_t b, HRESULT *answer, int32_t *quotient)
{
    CALL;
    *quotient = -1;
    *answer = callee->Divide(a, b, quotient);
    return S_OK;
}
// The error that the last failure left on this thread; reading takes it away (R11.10).
HRESULT Holder::Description(BSTR *text, BSTR *source)
{
    CALL;
    IErrorInfo *info = nullptr;
    if (GetErrorInfo(0, &info) != S_OK) return S_FALSE;
    info->GetDescription(text);
    info->GetSource(source);
    info->Release();
    return S_OK;
}
HRESULT Holder::Supports(IUnknown *object, GUID iid, HRESULT *answer)
{
    CALL;
    *answer = E_NOINTERFACE;
    if (ISupportErrorInfo *support = queried<ISupportErrorInfo>(object)) {
        *answer = support->InterfaceSupportsErrorInfo(iid);
        support->Release();
    }
    return S_OK;
}

// Calls every kind of method with known values; what does not come back as it should is told by name.
HRESULT Holder::Values(IValues *values, BSTR *faults)
{
    CALL;
    std::string wrong;
#define EXPECT(name, condition) \
    if (!(condition)) wrong += name "; "
    VARIANT_BOOL both = 7;
    EXPECT("Truths", values->Truths(-1, 1, &both) == S_OK && both == -1);
    int64_t sum = 0;
    EXPECT("Integers", values->Integers(-1, 255, -2, 65535, -3, 4294967295u, -4, 1, &sum) == S_OK && sum == 4295033076);
    double real = 0;
    EXPECT("Reals", values->Reals(0.5f, 3.0, &real) == S_OK && real == 1.5);
    BSTR a = bstr("ab"), b = bstr("c"), joined = nullptr, head = nullptr, tail = nullptr;
    EXPECT("Join", values->Join(a, b, &joined) == S_OK && SysStringByteLen(joined) == 6 && joined[2] == 'c');
    EXPECT("Upper", values->Upper(&a) == S_OK && SysStringByteLen(a) == 4 && a[0] == 'A' && a[1] == 'B');
    EXPECT("Split", values->Split(joined, &head, &tail) == S_OK && SysStringByteLen(head) + SysStringByteLen(tail) == 6);
    int32_t count = 0;
    EXPECT("Units", values->Units(u"\x00e9\xD83D\xDE00", &count) == S_OK && count == 3);
    EXPECT("Bytes", values->Bytes("\xC3\xA9", &count) == S_OK && count == 2);
    VARIANT value = {}, same = {};
    value.vt = VT_I4;
    value.i4 = -5;
    EXPECT("Echo", values->Echo(value, &same) == S_OK && same.vt == VT_I4 && same.i4 == -5);
    EXPECT("Kind", values->Kind(value, &count) == S_OK && count == VT_I4);
    EXPECT("Change", values->Change(&same) == S_OK && same.vt == VT_BSTR && SysStringByteLen(same.bstr) == 14);
    VariantClear(&same);
    SAFEARRAY *range = nullptr;
    EXPECT("Range", values->Range(4, &range) == S_OK && range && range->rgsabound[0].cElements == 4);
    EXPECT("Sum", values->Sum(range, &sum) == S_OK && sum == 6);
    free_array(range);
    SAFEARRAY *texts = make_vector(VT_BSTR, FADF_HAVEVARTYPE | FADF_BSTR, 8, 2);
    ((BSTR *)texts->pvData)[0] = bstr("x");
    ((BSTR *)texts->pvData)[1] = bstr("yz");
    EXPECT("Turn", values->Turn(&texts) == S_OK && SysStringByteLen(((BSTR *)texts->pvData)[0]) == 4);
    free_array(texts);
    DATE then = 0;
    EXPECT("Later", values->Later(36526.5, 1.0, &then) == S_OK && then == 36527.5);
    DECIMAL negated = {};
    EXPECT("Negate", values->Negate({0, 2, 0, 0, 12345}, &negated) == S_OK && negated.sign == 0x80 && negated.Lo64 == 12345 && negated.scale == 2);
    CY doubled = {};
    EXPECT("Twice", values->Twice({52500}, &doubled) == S_OK && doubled.int64 == 105000);
    GUID flipped = {};
    EXPECT("Flip", values->Flip(IUnknown::IID, &flipped) == S_OK && flipped.Data1 == 0xFFFFFFFF && flipped.Data4[7] == 0x46);
    const double numbers[] = {1, 2, 6};
    EXPECT("Average", values->Average(numbers, 3, &real) == S_OK && real == 3);
    int32_t squares[3] = {};
    EXPECT("Squares", values->Squares(3, squares) == S_OK && squares[2] == 4);
    Colour next = RED;
    EXPECT("Following", values->Following(BLUE, &next) == S_OK && next == RED);
    DECIMAL grown = {0, 0, 0, 0, 7};
    GUID id = {};
    DATE day = 2.0;
    EXPECT("Grow", values->Grow(&grown, &id, &day) == S_OK && grown.Lo64 == 70 && id.Data1 == 1 && day == 3.0);
#undef EXPECT
    for (BSTR each : {a, b, joined, head, tail}) SysFreeString(each);
    *faults = told(wrong);
    return S_OK;
}

HRESULT Holder::Dispid(IDispatch *object, BSTR name, HRESULT *answer, DISPID *id)
{
    CALL;
    OLECHAR *names[] = {name};
    *answer = object->GetIDsOfNames(NONE, names, 1, 0, id);
    return S_OK;
}
// The arguments are in the order of the call here; puts name their value, as they must (R14.22).
HRESULT Holder::Invoke(IDispatch *object, DISPID id, int32_t flags, SAFEARRAY *arguments, HRESULT *answer, VARIANT *result,
                       int32_t *wrong)
{
    CALL;
    const uint32_t count = arguments ? arguments->rgsabound[0].cElements : 0;
    VARIANT *reversed = new VARIANT[count + 1];
    for (uint32_t i = 0; i < count; i++) reversed[i] = ((VARIANT *)arguments->pvData)[count - 1 - i];
    DISPID put = DISPID_PROPERTYPUT;
    const bool puts = flags & (DISPATCH_PROPERTYPUT | DISPATCH_PROPERTYPUTREF);
    DISPPARAMS params = {reversed, puts ? &put : nullptr, count, puts ? 1u : 0u};
    for (BSTR each : {exception.bstrSource, exception.bstrDescription, exception.bstrHelpFile}) SysFreeString(each);
    exception = {};
    uint32_t place = 0xFFFF;
    result->vt = VT_EMPTY;
    *answer = object->Invoke(id, NONE, 0, (uint16_t)flags, &params, puts ? nullptr : result, &exception, &place);
    *wrong = place == 0xFFFF ? -1 : (int32_t)place;
    delete[] reversed;
    return S_OK;
}
HRESULT Holder::Exception(BSTR *source, BSTR *description, HRESULT *code)
{
    CALL;
    if (exception.pfnDeferredFillIn) exception.pfnDeferredFillIn(&exception);
    exception.pfnDeferredFillIn = nullptr;
    *source = exception.bstrSource;
    *description = exception.bstrDescription;
    *code = exception.scode ? exception.scode : exception.wCode;
    exception.bstrSource = exception.bstrDescription = nullptr;
    return S_OK;
}
HRESULT Holder::ClassOf(IUnknown *object, GUID *clsid)
{
    CALL;
    *clsid = NONE;
    IProvideClassInfo *provider = queried<IProvideClassInfo>(object);
    if (!provider) return S_FALSE;
    ITypeInfo *info = nullptr;
    TYPEATTR *attributes = nullptr;
    HRESULT result = provider->GetClassInfo(&info);
    if (result == S_OK) result = info->GetTypeAttr(&attributes);
    if (result == S_OK) {
        *clsid = attributes->guid;
        info->ReleaseTypeAttr(attributes);
    }
    if (info) info->Release();
    provider->Release();
    return result;
}
// Counts what a collection's enumerator gives, two at a time.
HRESULT Holder::Items(IUnknown *collection, int32_t *count)
{
    CALL;
    *count = 0;
    IDispatch *dispatch = queried<IDispatch>(collection);
    if (!dispatch) return E_NOINTERFACE;
    DISPPARAMS none = {};
    VARIANT found;
    found.vt = VT_EMPTY;
    HRESULT result = dispatch->Invoke(DISPID_NEWENUM, NONE, 0, DISPATCH_METHOD | DISPATCH_PROPERTYGET, &none, &found, nullptr, nullptr);
    dispatch->Release();
    IEnumVARIANT *values = result >= 0 && (found.vt == VT_UNKNOWN || found.vt == VT_DISPATCH) ? queried<IEnumVARIANT>(found.unknown) : nullptr;
    VariantClear(&found);
    if (!values) return result < 0 ? result : E_NOINTERFACE;
    for (uint32_t fetched = 1; fetched && result >= 0;) {
        VARIANT items[2] = {};
        fetched = 0;
        result = values->Next(2, items, &fetched);
        for (uint32_t i = 0; i < fetched; i++) VariantClear(&items[i]);
        *count += (int32_t)fetched;
        if (result == S_FALSE) break;
    }
    values->Release();
    return result < 0 ? result : S_OK;
}
