// The component by itself, without callgate: what a C++ client sees, and that all counts are back at their start.
#include <cstdio>
#include <initializer_list>

#include "counted.h"
#include "faces.h"
#include "names.h"

extern "C" {
int component_live(void);
int component_references(int object);
int component_last(void);
int component_number(const void *pointer);
int component_count(int object, const char *method);
int component_asked(int object, const GUID *iid);
void component_forget(void);
HRESULT component_create(const GUID *clsid, const GUID *iid, void **out);
HRESULT DllGetClassObject(const GUID *clsid, const GUID *iid, void **out);
HRESULT DllCanUnloadNow(void);
}

static int faults = 0;
#define EXPECT(condition) \
    if (!(condition)) { faults++; printf("%s:%d: %s\n", __func__, __LINE__, #condition); }

template <class Face> Face *create(const GUID &clsid)
{
    void *out = nullptr;
    return component_create(&clsid, &Face::IID, &out) == S_OK ? static_cast<Face *>(out) : nullptr;
}
static bool says(BSTR text, const char *ascii)
{
    char found[200];
    spelled(text, found, sizeof found);
    SysFreeString(text);
    return strcmp(found, ascii) == 0;
}

// What Python will be: the other side of every call back.
class Callee final : public ICallee, public Counted {
public:
    NAMED(Callee)
    COUNTED
    OFFERS(ICallee)
    HRESULT Step(int32_t number, int32_t *answer) override
    {
        CALL;
        if (!answer) return E_POINTER;
        *answer = 2 * number;
        return S_OK;
    }
    HRESULT Say(BSTR text, BSTR *answer) override { CALL; *answer = SysAllocStringByteLen(text, SysStringByteLen(text)); return S_OK; }
    HRESULT Divide(int32_t a, int32_t b, int32_t *quotient) override
    {
        CALL;
        *quotient = b ? a / b : 0;
        return b ? S_OK : DISP_E_DIVBYZERO;
    }
    HRESULT Again(IHolder *holder, int32_t depth, int32_t *deepest) override { CALL; return holder->Deeper(depth, deepest); }
    HRESULT Shape(IShape **shape) override { CALL; *shape = nullptr; return S_OK; }
};

class Sink final : public ISourceEvents, public Counted {
public:
    NAMED(Sink)
    COUNTED
    OFFERS(ISourceEvents)
    HRESULT OnValue(int32_t value) override { CALL; sum += value; return S_OK; }
    HRESULT OnText(BSTR) override { CALL; return S_OK; }
    HRESULT OnAsk(int32_t *value) override { CALL; *value += 1; return S_OK; }
    int32_t sum = 0;
};

static void slots(void)
{
    // R14.1, without a compiler's help: the fourth slot of IShape is Area, the seventh of the dual one get_Total.
    IShape *shape = create<IShape>(CLSID_Widget);
    typedef HRESULT (*Area)(IShape *, double *);
    typedef HRESULT (*Total)(ICalculator *, int32_t *);
    double area = 0;
    EXPECT((*(Area **)shape)[3](shape, &area) == S_OK && area == 4);
    shape->Release();
    ICalculator *calculator = create<ICalculator>(CLSID_Calculator);
    int32_t total = -1;
    calculator->put_Total(5);
    EXPECT((*(Total **)calculator)[7](calculator, &total) == S_OK && total == 5);
    calculator->Release();
}

static void values(void)
{
    IHolder *holder = create<IHolder>(CLSID_Holder);
    IProbe *probe = queried<IProbe>(holder);
    IValues *widget = create<IValues>(CLSID_Widget);
    const int number = component_number(widget);
    BSTR faults_found = nullptr;
    EXPECT(probe->Values(widget, &faults_found) == S_OK && says(faults_found, ""));
    for (const GUID &clsid : {CLSID_Widget, CLSID_Calculator, CLSID_Collection, CLSID_Faulty, CLSID_Source, CLSID_Inner,
                              CLSID_Outer, CLSID_Described, CLSID_DescribedByInfo, CLSID_Bound}) {
        IUnknown *object = create<IUnknown>(clsid);
        EXPECT(probe->Laws(object, &faults_found) == S_OK && says(faults_found, ""));
        EXPECT(object->Release() == 0);
    }
    IUnknown *two_faced = create<IUnknown>(CLSID_TwoFaced);
    probe->Laws(two_faced, &faults_found);
    EXPECT(SysStringByteLen(faults_found) > 0);
    SysFreeString(faults_found);
    two_faced->Release();
    EXPECT(create<IUnknown>(CLSID_Faceless) == nullptr);
    EXPECT(component_references(number) == 1);
    widget->Release();
    probe->Release();
    holder->Release();
}

static void callbacks(void)
{
    IHolder *holder = create<IHolder>(CLSID_Holder);
    Callee *callee = new Callee;
    int32_t sum = 0, deepest = 0;
    HRESULT result = E_FAIL;
    holder->Keep(callee);
    EXPECT(component_references(component_number(callee)) == 2);
    EXPECT(holder->CallBack(5, &sum) == S_OK && sum == 20);
    EXPECT(holder->CallFromThread(3, &sum) == S_OK && sum == 6);
    EXPECT(holder->Start(4) == S_OK && holder->Wait(&sum, &result) == S_OK && sum == 12 && result == S_OK);
    EXPECT(holder->Deeper(10, &deepest) == S_OK && deepest == 10);
    IProbe *probe = queried<IProbe>(holder);
    EXPECT(probe->Nulls(callee, &result) == S_OK && result == E_POINTER);
    EXPECT(probe->Divide(callee, 1, 0, &result, &sum) == S_OK && result == DISP_E_DIVBYZERO && sum == 0);
    probe->Release();
    holder->Drop();
    EXPECT(callee->Release() == 0);
    holder->Release();
}

static void late(void)
{
    IHolder *holder = create<IHolder>(CLSID_Holder);
    IProbe *probe = queried<IProbe>(holder);
    IDispatch *recorder = create<IDispatch>(CLSID_Recorder), *calculator = create<IDispatch>(CLSID_Calculator);
    BSTR name = bstr("METHOD"), text = nullptr, source = nullptr;
    HRESULT answer = E_FAIL;
    DISPID id = 0;
    int32_t wrong = 0;
    VARIANT result;
    EXPECT(probe->Dispid(recorder, name, &answer, &id) == S_OK && answer == S_OK && id == 1);
    SysFreeString(name);
    SAFEARRAY *arguments = make_vector(VT_VARIANT, FADF_HAVEVARTYPE, sizeof(VARIANT), 2);
    VARIANT *each = (VARIANT *)arguments->pvData;
    each[0].vt = each[1].vt = VT_I4;
    each[0].i4 = 1;
    each[1].i4 = 2;
    EXPECT(probe->Invoke(recorder, 1, DISPATCH_METHOD, arguments, &answer, &result, &wrong) == S_OK && answer == S_OK);
    EXPECT(probe->Invoke(recorder, 20, DISPATCH_METHOD, nullptr, &answer, &result, &wrong) == S_OK);
    EXPECT(says(result.bstr, "id 1, flags 1, args 2, named 0: I4 2, I4 1"));
    EXPECT(probe->Invoke(calculator, 2, DISPATCH_METHOD, arguments, &answer, &result, &wrong) == S_OK && result.i4 == 3);
    EXPECT(probe->Invoke(recorder, 32, DISPATCH_METHOD, nullptr, &answer, &result, &wrong) == S_OK && answer == DISP_E_EXCEPTION);
    EXPECT(probe->Exception(&source, &text, &answer) == S_OK && says(text, "filled in later") && answer == (HRESULT)0x80040321);
    SysFreeString(source);
    free_array(arguments);
    recorder->Release();
    calculator->Release();

    ICollection *collection = create<ICollection>(CLSID_Collection);
    int32_t count = 0;
    VARIANT item;
    item.vt = VT_BSTR;
    item.bstr = bstr("one");
    for (int i = 0; i < 3; i++) collection->Append(item);
    VariantClear(&item);
    EXPECT(probe->Items(collection, &count) == S_OK && count == 3);
    collection->Release();

    IFaulty *faulty = create<IFaulty>(CLSID_Faulty);
    EXPECT(faulty->Fail(E_FAIL, 1) == E_FAIL);
    EXPECT(probe->Description(&text, &source) == S_OK && says(text, "the disk is full") && says(source, "component.Faulty"));
    EXPECT(probe->Description(&text, &source) == S_FALSE);
    faulty->Release();
    probe->Release();
    holder->Release();
}

static void events(void)
{
    ISource *source = create<ISource>(CLSID_Source);
    IConnectionPointContainer *container = queried<IConnectionPointContainer>(source);
    IConnectionPoint *point = nullptr;
    uint32_t cookie = 0;
    int32_t sinks = 0;
    Sink *sink = new Sink;
    EXPECT(container->FindConnectionPoint(IMissing::IID, &point) == CONNECT_E_NOCONNECTION && !point);
    EXPECT(container->FindConnectionPoint(ISourceEvents::IID, &point) == S_OK);
    EXPECT(point->Advise(source, &cookie) == CONNECT_E_CANNOTCONNECT && cookie == 0);
    EXPECT(point->Advise(sink, &cookie) == S_OK && cookie);
    EXPECT(source->Fire(3, &sinks) == S_OK && sinks == 1 && sink->sum == 3);
    EXPECT(source->FireFromThread(4, 0) == S_OK && source->Wait(&sinks) == S_OK && sink->sum == 7);
    EXPECT(source->Ask(5, &sinks) == S_OK && sinks == 6);
    EXPECT(point->Unadvise(cookie) == S_OK && point->Unadvise(cookie) == CONNECT_E_NOCONNECTION);
    EXPECT(source->Fire(3, &sinks) == S_OK && sinks == 0);
    EXPECT(sink->Release() == 0);
    point->Release();
    container->Release();
    source->Release();
}

static void shapes(void)
{
    ISlots *two_more = create<ISlots>(CLSID_Slots);
    IBefore *before = create<IBefore>(CLSID_Before);
    IMicrosoft *microsoft = nullptr;
    int32_t twice = 0;
    double sum = 0;
    EXPECT(two_more->Twice(4, &twice) == S_OK && twice == 8);
    EXPECT(before->Measure(2).depth == 6);
    EXPECT(component_create(&CLSID_Microsoft, &IMicrosoft::IID, (void **)&microsoft) == S_OK);
    EXPECT(microsoft->Mix(1, 1, 1, 1, 1, &sum) == S_OK && sum == 11111);
    microsoft->Release();
    two_more->Release();
    before->Release();

    void *big = nullptr;
    const GUID wrong_order = IBig::IID;
    GUID turned = wrong_order;
    turned.Data1 = __builtin_bswap32(turned.Data1);
    turned.Data2 = __builtin_bswap16(turned.Data2);
    turned.Data3 = __builtin_bswap16(turned.Data3);
    EXPECT(component_create(&CLSID_Big, &wrong_order, &big) == E_NOINTERFACE);
    EXPECT(component_create(&CLSID_Big, &turned, &big) == S_OK);
    ((IUnknown *)big)->Release();

    void *shifted = nullptr;
    EXPECT(component_create(&CLSID_Shifted, &IID_IShifted, &shifted) == S_OK);
    typedef HRESULT (*Twice)(void *, int32_t, int32_t *);
    typedef ULONG (*Release)(void *);
    void **methods = ((void ***)shifted)[1];
    EXPECT(((Twice)methods[3])(shifted, 5, &twice) == S_OK && twice == 10);
    EXPECT(((Release)methods[2])(shifted) == 0);
}

static void aggregates(void)
{
    INamed *named = create<INamed>(CLSID_Outer);
    IInner *inner = queried<IInner>(named);
    IUnknown *one = queried<IUnknown>(named), *other = queried<IUnknown>(inner);
    int32_t aggregated = 0;
    EXPECT(one == other);
    EXPECT(inner->Inside(&aggregated) == S_OK && aggregated == 1);
    for (IUnknown *each : {one, other, (IUnknown *)inner}) each->Release();
    EXPECT(named->Release() == 0);

    IClassFactory *factory = nullptr;
    void *made = nullptr;
    INamed *outer = create<INamed>(CLSID_Widget);
    EXPECT(DllGetClassObject(&CLSID_Inner, &IClassFactory::IID, (void **)&factory) == S_OK);
    EXPECT(factory->CreateInstance(outer, IInner::IID, &made) == E_NOINTERFACE);
    factory->Release();
    EXPECT(DllGetClassObject(&CLSID_Faulty, &IClassFactory::IID, (void **)&factory) == S_OK);
    EXPECT(factory->CreateInstance(outer, IUnknown::IID, &made) == CLASS_E_NOAGGREGATION);
    EXPECT(factory->CreateInstance(nullptr, IFaulty::IID, &made) == S_OK);
    ((IUnknown *)made)->Release();
    EXPECT(DllCanUnloadNow() == S_FALSE);
    factory->Release();
    outer->Release();
    EXPECT(DllGetClassObject(&IID_DRecorder, &IClassFactory::IID, (void **)&factory) == CLASS_E_CLASSNOTAVAILABLE);
}

int main(void)
{
    for (void (*test)(void) : {slots, values, callbacks, late, events, shapes, aggregates}) {
        test();
        if (component_live()) printf("%d objects are left\n", component_live());
        faults += component_live() != 0 || component_references(0) != 0;
    }
    EXPECT(DllCanUnloadNow() == S_OK);
    printf("%d objects lived and are gone, %d faults\n", component_last(), faults);
    component_forget();
    return faults != 0;
}
