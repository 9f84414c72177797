// Aggregation (R14.5): an inner object whose interfaces belong to the outer one, and an outer one with such a part.
#include "counted.h"
#include "factory.h"
#include "faces.h"

namespace {
class Inner final : public IInner, public Counted {
public:
    explicit Inner(IUnknown *controlling)
        : Counted(static_cast<void *>(this), sizeof(Inner)), own(*this), outer(controlling ? controlling : &own) {}

    // What clients see is the outer object's; only `own` counts this one.
    HRESULT QueryInterface(const GUID &iid, void **out) override { return outer->QueryInterface(iid, out); }
    ULONG AddRef() override { return outer->AddRef(); }
    ULONG Release() override { return outer->Release(); }

    HRESULT Inside(int32_t *aggregated) override { CALL; *aggregated = outer != &own; return S_OK; }

    IUnknown *unknown() { return &own; }

protected:
    void *find(const GUID &iid) override
    {
        if (iid == IUnknown::IID) return &own;
        return iid == IInner::IID ? face<IInner>(this) : nullptr;
    }

private:
    struct Own final : IUnknown {
        explicit Own(Inner &inner) : inner(inner) {}
        // Through an inner interface the reference is counted by whoever answers for it.
        HRESULT QueryInterface(const GUID &iid, void **out) override
        {
            HRESULT result = inner.query(iid, out);
            if (result == S_OK && iid != IUnknown::IID && inner.outer != this) {
                inner.outer->AddRef();
                inner.give_back();
            }
            return result;
        }
        ULONG AddRef() override { return inner.take(); }
        ULONG Release() override { return inner.give_back(); }
        Inner &inner;
    };

    Own own;
    IUnknown *const outer;
};

class Outer final : public INamed, public Counted {
public:
    Outer() : Counted(static_cast<void *>(this), sizeof(Outer))
    {
        make_inner(this, IUnknown::IID, (void **)&inner);
    }
    // The count is raised meanwhile: the inner object's end must not be this one's a second time.
    ~Outer() override { inner->Release(); }

    HRESULT QueryInterface(const GUID &iid, void **out) override
    {
        if (out && iid == IInner::IID) return inner->QueryInterface(iid, out);
        return query(iid, out);
    }
    ULONG AddRef() override { return take(); }
    ULONG Release() override { return give_back(); }
    OFFERS(INamed)

    HRESULT get_Name(BSTR *value) override { CALL; *value = bstr("outer"); return S_OK; }
    HRESULT put_Name(BSTR) override { CALL; return E_NOTIMPL; }

private:
    IUnknown *inner = nullptr;
};
}

HRESULT make_inner(IUnknown *outer, const GUID &iid, void **out)
{
    *out = nullptr;
    if (outer && iid != IUnknown::IID) return E_NOINTERFACE;
    Inner *inner = new Inner(outer);
    HRESULT result = inner->unknown()->QueryInterface(iid, out);
    inner->give_back();
    return result;
}

HRESULT make_outer(const GUID &iid, void **out)
{
    Outer *object = new Outer;
    HRESULT result = object->QueryInterface(iid, out);
    object->give_back();
    return result;
}
