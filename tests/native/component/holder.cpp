// Keeping an object and calling it back: in the same call, deeper and deeper, and on a thread of one's own.
#include "holder.h"

#include "factory.h"

// The address of an object's IUnknown: what its identity is (R14.2).
uint64_t identity_of(IUnknown *object)
{
    IUnknown *unknown = queried<IUnknown>(object);
    if (unknown) unknown->Release();
    return (uint64_t)unknown;
}

Holder::~Holder()
{
    if (thread.joinable()) thread.join();
    if (kept) kept->Release();
    SysFreeString(exception.bstrSource);
    SysFreeString(exception.bstrDescription);
    SysFreeString(exception.bstrHelpFile);
}

HRESULT Holder::Keep(IUnknown *object)
{
    CALL;
    if (object) object->AddRef();
    if (kept) kept->Release();
    kept = object;
    return S_OK;
}
HRESULT Holder::Drop()
{
    CALL;
    IUnknown *was = kept;
    kept = nullptr;
    if (was) was->Release();
    return was ? S_OK : S_FALSE;
}
HRESULT Holder::DropFromThread()
{
    CALL;
    IUnknown *was = kept;
    kept = nullptr;
    if (was) std::thread([was] { was->Release(); }).join();
    return was ? S_OK : S_FALSE;
}
HRESULT Holder::Kept(IUnknown **object)
{
    CALL;
    if (kept) kept->AddRef();
    *object = kept;
    return S_OK;
}

HRESULT Holder::steps(IUnknown *object, int32_t times, int32_t *sum)
{
    *sum = 0;
    ICallee *callee = queried<ICallee>(object);
    if (!callee) return E_NOINTERFACE;
    HRESULT result = S_OK;
    for (int32_t i = 0; i < times && result >= 0; i++) {
        int32_t answer = 0;
        result = callee->Step(i, &answer);
        *sum += answer;
    }
    callee->Release();
    return result;
}
HRESULT Holder::CallBack(int32_t times, int32_t *sum)
{
    CALL;
    return steps(kept, times, sum);
}
HRESULT Holder::CallFromThread(int32_t times, int32_t *sum)
{
    CALL;
    HRESULT result = E_FAIL;
    std::thread([&] { result = steps(kept, times, sum); }).join();
    return result;
}
HRESULT Holder::Start(int32_t times)
{
    CALL;
    if (thread.joinable() || !kept) return E_UNEXPECTED;
    IUnknown *object = kept;
    object->AddRef();
    thread = std::thread([this, object, times] {
        thread_result = steps(object, times, &thread_sum);
        object->Release();
    });
    return S_OK;
}
HRESULT Holder::Wait(int32_t *sum, HRESULT *result)
{
    CALL;
    if (!thread.joinable()) return E_UNEXPECTED;
    thread.join();
    *sum = thread_sum;
    *result = thread_result;
    return S_OK;
}
// The callee calls this method again with one less: calls through both of them, as deep as is asked for.
HRESULT Holder::Deeper(int32_t depth, int32_t *deepest)
{
    CALL;
    *deepest = 0;
    if (depth <= 0) return S_OK;
    ICallee *callee = queried<ICallee>(kept);
    if (!callee) return E_NOINTERFACE;
    HRESULT result = callee->Again(this, depth - 1, deepest);
    callee->Release();
    ++*deepest;
    return result;
}

HRESULT Holder::Same(IUnknown *a, IUnknown *b, VARIANT_BOOL *same)
{
    CALL;
    *same = identity_of(a) == identity_of(b) ? -1 : 0;
    return S_OK;
}
HRESULT Holder::Address(IUnknown *object, uint64_t *identity)
{
    CALL;
    *identity = identity_of(object);
    return S_OK;
}

HRESULT make_holder(const GUID &iid, void **out) { return made<Holder>(iid, out); }
