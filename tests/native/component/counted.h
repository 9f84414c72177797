// What every object of the component has: a reference count, and a record of what was called how often.
#ifndef COUNTED_H
#define COUNTED_H
#include <atomic>

#include "com.h"

struct Record;

class Counted {
public:
    Counted(const void *begin, std::size_t size);
    virtual ~Counted();

    HRESULT query(const GUID &iid, void **out);
    ULONG take();
    ULONG give_back();
    int overlap() const;

    Record *const record;

protected:
    // The interface of that IID, without a new reference; null when there is none.
    virtual void *find(const GUID &iid) = 0;
};

// A method of an object, while it runs. Overlap is how many threads were in an object at once.
class Call {
public:
    Call(const Counted &object, const char *method);
    ~Call();

private:
    Record *record;
};

int thread_here();

template <class Face, class Self> void *face(Self *self) { return static_cast<Face *>(self); }

// The table of an object's interfaces: the first stands for its identity.
template <class First, class... Rest, class Self> void *offered(Self *self, const GUID &iid)
{
    if (iid == IUnknown::IID || iid == First::IID) return face<First>(self);
    void *found = nullptr;
    (void)(((iid == Rest::IID) && (found = face<Rest>(self))) || ...);
    return found;
}

// IUnknown of a class that derives from Counted, and is no part of another object.
#define COUNTED \
    HRESULT QueryInterface(const GUID &iid, void **out) override { return query(iid, out); } \
    ULONG AddRef() override { return take(); } \
    ULONG Release() override { return give_back(); }
#define OFFERS(...) \
    void *find(const GUID &iid) override { return offered<__VA_ARGS__>(this, iid); }
#define NAMED(name) name() : Counted(static_cast<void *>(this), sizeof(name)) {}
#define CALL Call call_(*this, __func__)

// IDispatch without type information: classes write GetIDsOfNames and Invoke only.
#define UNTYPED \
    HRESULT GetTypeInfoCount(uint32_t *count) override { *count = 0; return S_OK; } \
    HRESULT GetTypeInfo(uint32_t, LCID, ITypeInfo **info) override { *info = nullptr; return E_NOTIMPL; }

template <class Face> Face *queried(IUnknown *object)
{
    void *found = nullptr;
    return object && object->QueryInterface(Face::IID, &found) == S_OK ? static_cast<Face *>(found) : nullptr;
}

// One of a class, by way of its factory: the first interface that is asked for holds the only reference.
template <class Object> HRESULT made(const GUID &iid, void **out)
{
    Object *object = new Object;
    HRESULT result = object->query(iid, out);
    object->give_back();
    return result;
}
#endif
