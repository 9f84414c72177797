// COM of other ecosystems: the same idea in another binary shape (appendix F of the rules).
#include "counted.h"
#include "factory.h"
#include "faces.h"

namespace {
// The 16 bytes of a GUID with every number big-endian.
GUID turned(const GUID &guid)
{
    return {__builtin_bswap32(guid.Data1), __builtin_bswap16(guid.Data2), __builtin_bswap16(guid.Data3),
            {guid.Data4[0], guid.Data4[1], guid.Data4[2], guid.Data4[3], guid.Data4[4], guid.Data4[5], guid.Data4[6], guid.Data4[7]}};
}

class Big final : public IBig, public Counted {
public:
    NAMED(Big)
    COUNTED
    void *find(const GUID &iid) override { return offered<IBig>(this, turned(iid)); }
    HRESULT Twice(int32_t value, int32_t *twice) override { CALL; *twice = 2 * value; return S_OK; }
};

class Slots final : public ISlots, public Counted {
public:
    NAMED(Slots)
    COUNTED
    OFFERS(ISlots)
    HRESULT Twice(int32_t value, int32_t *twice) override { CALL; *twice = 2 * value; return S_OK; }
};

// Made by hand: the pointer to the table of methods is not the first word of the object, and `this` is its start.
class Shifted final : public Counted {
public:
    Shifted() : Counted(static_cast<void *>(this), sizeof(Shifted)), body{0x5AFE, METHODS, this} {}

protected:
    void *find(const GUID &iid) override { return iid == IUnknown::IID || iid == IID_IShifted ? &body : nullptr; }

private:
    struct Body {
        uint64_t magic;
        void *const *methods;
        Shifted *owner;
    };
    static HRESULT QueryInterface(Body *self, const GUID &iid, void **out) { return self->owner->query(iid, out); }
    static ULONG AddRef(Body *self) { return self->owner->take(); }
    static ULONG Release(Body *self) { return self->owner->give_back(); }
    static HRESULT Twice(Body *self, int32_t value, int32_t *twice)
    {
        Call call(*self->owner, "Twice");
        *twice = 2 * value;
        return self->magic == 0x5AFE ? S_OK : E_UNEXPECTED;
    }
    static void *const METHODS[4];

    Body body;
};
void *const Shifted::METHODS[4] = {(void *)&Shifted::QueryInterface, (void *)&Shifted::AddRef, (void *)&Shifted::Release,
                                   (void *)&Shifted::Twice};

// Results of which the caller brings the memory: behind `this`, as with C++ of Windows, or before it, as C++ here has it.
class After final : public IAfter, public Counted {
public:
    NAMED(After)
    COUNTED
    OFFERS(IAfter)
    Extent *Measure(Extent *result, double scale) override { CALL; *result = {scale, 2 * scale, 3 * scale}; return result; }
    Point *Place(Point *result) override { CALL; *result = {5, 6}; return result; }
};
class Before final : public IBefore, public Counted {
public:
    NAMED(Before)
    COUNTED
    OFFERS(IBefore)
    Tracked Measure(double scale) override { CALL; return Tracked(scale); }
};

class Microsoft final : public IMicrosoft, public Counted {
public:
    NAMED(Microsoft)
    OFFERS(IMicrosoft)
    HRESULT MS QueryInterface(const GUID &iid, void **out) override { return query(iid, out); }
    ULONG MS AddRef() override { return take(); }
    ULONG MS Release() override { return give_back(); }
    HRESULT MS Mix(int32_t a, double b, int64_t c, float d, int32_t e, double *sum) override
    {
        CALL;
        *sum = a + 10 * b + 100.0 * (double)c + 1000.0 * d + 10000.0 * e;
        return S_OK;
    }
    HRESULT MS Shift(Extent box, double by, Extent *shifted) override
    {
        CALL;
        *shifted = {box.width + by, box.height + by, box.depth + by};
        return S_OK;
    }
    HRESULT MS Each(ICallee *callee, int32_t times, int32_t *sum) override
    {
        CALL;
        *sum = 0;
        for (int32_t i = 0; i < times; i++) {
            int32_t answer = 0;
            HRESULT result = callee->Step(i, &answer);
            if (result < 0) return result;
            *sum += answer;
        }
        return S_OK;
    }
};
}

HRESULT make_big(const GUID &iid, void **out) { return made<Big>(iid, out); }
HRESULT make_slots(const GUID &iid, void **out) { return made<Slots>(iid, out); }
HRESULT make_shifted(const GUID &iid, void **out) { return made<Shifted>(iid, out); }
HRESULT make_after(const GUID &iid, void **out) { return made<After>(iid, out); }
HRESULT make_before(const GUID &iid, void **out) { return made<Before>(iid, out); }
HRESULT make_microsoft(const GUID &iid, void **out) { return made<Microsoft>(iid, out); }
