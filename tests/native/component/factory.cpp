// How the component's objects are made: by class factories (DllGetClassObject), and by a plain function.
#include "factory.h"

#include <atomic>

#include "counted.h"
#include "faces.h"

extern "C" int component_live(void);

namespace {
struct Class {
    const GUID clsid;
    HRESULT (*make)(const GUID &iid, void **out);
};
HRESULT make_alone(const GUID &iid, void **out) { return make_inner(nullptr, iid, out); }

const Class CLASSES[] = {
    {CLSID_Widget, make_widget},
    {CLSID_Calculator, make_calculator},
    {CLSID_Recorder, make_recorder},
    {CLSID_Collection, make_collection},
    {CLSID_Faulty, make_faulty},
    {CLSID_Source, make_source},
    {CLSID_Bound, make_bound},
    {CLSID_Free, make_free},
    {CLSID_Described, make_described},
    {CLSID_DescribedBySource, make_described_by_source},
    {CLSID_DescribedByInfo, make_described_by_info},
    {CLSID_Inner, make_alone},
    {CLSID_Outer, make_outer},
    {CLSID_Rogue, make_rogue},
    {CLSID_TwoFaced, make_two_faced},
    {CLSID_Faceless, make_faceless},
    {CLSID_Big, make_big},
    {CLSID_Slots, make_slots},
    {CLSID_Shifted, make_shifted},
    {CLSID_After, make_after},
    {CLSID_Before, make_before},
    {CLSID_Microsoft, make_microsoft},
    {CLSID_Holder, make_holder},
};
std::atomic<int> locks{0};
std::atomic<int> class_objects{0};

const Class *found(const GUID &clsid)
{
    for (const Class &each : CLASSES)
        if (each.clsid == clsid) return &each;
    return nullptr;
}

class Factory final : public IClassFactory, public Counted {
public:
    explicit Factory(const Class &of) : Counted(static_cast<void *>(this), sizeof(Factory)), of(of) { class_objects++; }
    COUNTED
    OFFERS(IClassFactory)

    HRESULT CreateInstance(IUnknown *outer, const GUID &iid, void **out) override
    {
        CALL;
        *out = nullptr;
        if (of.clsid == CLSID_Inner) return make_inner(outer, iid, out);
        return outer ? CLASS_E_NOAGGREGATION : of.make(iid, out);
    }
    HRESULT LockServer(int32_t lock) override { CALL; locks += lock ? 1 : -1; return S_OK; }

private:
    const Class &of;
};
}

extern "C" {
HRESULT component_create(const GUID *clsid, const GUID *iid, void **out)
{
    *out = nullptr;
    const Class *of = found(*clsid);
    return of ? of->make(*iid, out) : CLASS_E_CLASSNOTAVAILABLE;
}
HRESULT DllGetClassObject(const GUID *clsid, const GUID *iid, void **out)
{
    *out = nullptr;
    const Class *of = found(*clsid);
    if (!of) return CLASS_E_CLASSNOTAVAILABLE;
    Factory *factory = new Factory(*of);
    HRESULT result = factory->QueryInterface(*iid, out);
    factory->Release();
    return result;
}
HRESULT DllCanUnloadNow(void) { return component_live() == 0 && locks == 0 ? S_OK : S_FALSE; }
// How many class objects were made: activations at the same time must not make the library twice (R15.17).
int component_class_objects(void) { return class_objects; }
}
