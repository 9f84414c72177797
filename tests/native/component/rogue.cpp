// Objects that break the rules, each in one way.
#include "counted.h"
#include "factory.h"
#include "faces.h"

#include <stdexcept>

namespace {
class Rogue final : public IRogue, public IShape, public Counted {
public:
    NAMED(Rogue)
    COUNTED
    OFFERS(IRogue, IShape)

    HRESULT Area(double *area) override { CALL; *area = 1; return S_OK; }
    HRESULT Scale(double) override { CALL; return S_OK; }

    HRESULT Nothing(IShape **shape) override { CALL; *shape = nullptr; return S_OK; }
    // An out pointer for which nobody counted: who releases it takes the reference of somebody else.
    HRESULT Uncounted(IShape **shape) override { CALL; *shape = this; return S_OK; }
    // The same, but documented as borrowed.
    HRESULT Borrowed(IShape **shape) override { CALL; *shape = this; return S_OK; }
    HRESULT Leak(IShape **shape) override { CALL; AddRef(); AddRef(); *shape = this; return S_OK; }
    HRESULT OverRelease(IUnknown *object) override { CALL; object->Release(); return S_OK; }
    // Fails, and leaves a counted pointer where nobody may look.
    HRESULT FailAndGive(IShape **shape) override { CALL; AddRef(); *shape = this; return E_FAIL; }
    HRESULT Throw() override { CALL; throw std::runtime_error("an exception out of a method"); }
    HRESULT Crash() override { CALL; *(volatile int *)8 = 1; return S_OK; }
};

// Each interface is a tear-off that says it is the object: IUnknown has another address through the other one.
class TwoFaced final : public Counted {
public:
    TwoFaced() : Counted(static_cast<void *>(this), sizeof(TwoFaced)), named(*this), shape(*this) {}

protected:
    void *find(const GUID &iid) override
    {
        return iid == IShape::IID ? static_cast<void *>(&shape) : iid == INamed::IID || iid == IUnknown::IID ? &named : nullptr;
    }

private:
    struct Named final : INamed {
        explicit Named(TwoFaced &whole) : whole(whole) {}
        HRESULT QueryInterface(const GUID &iid, void **out) override { return whole.query(iid, out); }
        ULONG AddRef() override { return whole.take(); }
        ULONG Release() override { return whole.give_back(); }
        HRESULT get_Name(BSTR *value) override { *value = bstr("two-faced"); return S_OK; }
        HRESULT put_Name(BSTR) override { return E_NOTIMPL; }
        TwoFaced &whole;
    };
    struct Shape final : IShape {
        explicit Shape(TwoFaced &whole) : whole(whole) {}
        HRESULT QueryInterface(const GUID &iid, void **out) override { return whole.query(iid == IUnknown::IID ? IShape::IID : iid, out); }
        ULONG AddRef() override { return whole.take(); }
        ULONG Release() override { return whole.give_back(); }
        HRESULT Area(double *area) override { *area = 2; return S_OK; }
        HRESULT Scale(double) override { return E_NOTIMPL; }
        TwoFaced &whole;
    };
    Named named;
    Shape shape;
};

// Does not answer for IUnknown: such an object has no identity (R14.9).
class Faceless final : public IShape, public Counted {
public:
    NAMED(Faceless)
    COUNTED
    void *find(const GUID &iid) override { return iid == IShape::IID ? face<IShape>(this) : nullptr; }
    HRESULT Area(double *area) override { CALL; *area = 3; return S_OK; }
    HRESULT Scale(double) override { CALL; return E_NOTIMPL; }
};
}

HRESULT make_rogue(const GUID &iid, void **out) { return made<Rogue>(iid, out); }
HRESULT make_two_faced(const GUID &iid, void **out) { return made<TwoFaced>(iid, out); }
HRESULT make_faceless(const GUID &iid, void **out) { return made<Faceless>(iid, out); }
