// The class that keeps what it is given and calls it back; its second interface looks at objects closely.
#ifndef HOLDER_H
#define HOLDER_H
#include "counted.h"
#include "faces.h"

#include <atomic>
#include <thread>

class Holder final : public IHolder, public IProbe, public Counted {
public:
    NAMED(Holder)
    ~Holder() override;
    COUNTED
    OFFERS(IHolder, IProbe)

    HRESULT Keep(IUnknown *object) override;
    HRESULT Drop() override;
    HRESULT Kept(IUnknown **object) override;
    HRESULT CallBack(int32_t times, int32_t *sum) override;
    HRESULT CallFromThread(int32_t times, int32_t *sum) override;
    HRESULT Start(int32_t times) override;
    HRESULT Wait(int32_t *sum, HRESULT *result) override;
    HRESULT Deeper(int32_t depth, int32_t *deepest) override;
    HRESULT Same(IUnknown *a, IUnknown *b, VARIANT_BOOL *same) override;
    HRESULT Address(IUnknown *object, uint64_t *identity) override;
    HRESULT DropFromThread() override;

    HRESULT Ask(IUnknown *object, GUID iid, HRESULT *answer) override;
    HRESULT Laws(IUnknown *object, BSTR *faults) override;
    HRESULT Counts(IUnknown *object, int32_t *before, int32_t *after) override;
    HRESULT Nulls(ICallee *callee, HRESULT *answer) override;
    HRESULT Say(ICallee *callee, BSTR text, BSTR *answer) override;
    HRESULT Divide(ICallee *callee, int32_t a, int32_t b, HRESULT *answer, int32_t *quotient) override;
    HRESULT Description(BSTR *text, BSTR *source) override;
    HRESULT Supports(IUnknown *object, GUID iid, HRESULT *answer) override;
    HRESULT Values(IValues *values, BSTR *faults) override;
    HRESULT Dispid(IDispatch *object, BSTR name, HRESULT *answer, DISPID *id) override;
    HRESULT Invoke(IDispatch *object, DISPID id, int32_t flags, SAFEARRAY *arguments, HRESULT *answer, VARIANT *result,
                   int32_t *wrong) override;
    HRESULT Exception(BSTR *source, BSTR *description, HRESULT *code) override;
    HRESULT ClassOf(IUnknown *object, GUID *clsid) override;
    HRESULT Items(IUnknown *collection, int32_t *count) override;

private:
    static HRESULT steps(IUnknown *object, int32_t times, int32_t *sum);

    IUnknown *kept = nullptr;
    std::thread thread;
    int32_t thread_sum = 0;
    HRESULT thread_result = S_OK;
    EXCEPINFO exception = {};
};

uint64_t identity_of(IUnknown *object);
#endif
