// Where an object may be called: one that is bound to the thread it was made on, and one that is not (R15.2, R15.9).
#include "counted.h"
#include "factory.h"
#include "faces.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace {
class Worker : public IWorker, public Counted {
public:
    explicit Worker(bool bound) : Counted(static_cast<void *>(this), sizeof(Worker)), bound(bound), home(thread_here()) {}
    COUNTED
    OFFERS(IWorker)

    HRESULT Work(int32_t milliseconds, int32_t *thread) override
    {
        CALL;
        *thread = thread_here();
        if (is_elsewhere()) return RPC_E_WRONG_THREAD;
        std::unique_lock<std::mutex> held(guard);
        calls.wait_for(held, std::chrono::milliseconds(milliseconds), [] { return false; });
        return S_OK;
    }
    // Waits until so many callers are inside at once; the answer is how many there were in the end.
    HRESULT Meet(int32_t callers, int32_t milliseconds, int32_t *met) override
    {
        CALL;
        *met = 0;
        if (is_elsewhere()) return RPC_E_WRONG_THREAD;
        std::unique_lock<std::mutex> held(guard);
        meeting++;
        if (meeting > most_met) most_met = meeting;
        calls.notify_all();
        calls.wait_for(held, std::chrono::milliseconds(milliseconds), [&] { return most_met >= callers; });
        meeting--;
        *met = most_met;
        return S_OK;
    }
    HRESULT Overlap(int32_t *most) override { *most = overlap(); return S_OK; }
    HRESULT Home(int32_t *thread) override { CALL; *thread = home; return is_elsewhere() ? RPC_E_WRONG_THREAD : S_OK; }
    // Calls the other object, which calls this one, and so on: who waits for an answer is called meanwhile (R15.14).
    HRESULT PassOn(IWorker *other, int32_t depth, int32_t *deepest) override
    {
        CALL;
        *deepest = 0;
        if (is_elsewhere()) return RPC_E_WRONG_THREAD;
        if (!other || depth <= 0) return S_OK;
        HRESULT result = other->PassOn(this, depth - 1, deepest);
        ++*deepest;
        return result;
    }

private:
    bool is_elsewhere() const { return bound && thread_here() != home; }

    const bool bound;
    const int home;
    std::mutex guard;
    std::condition_variable calls;
    int meeting = 0, most_met = 0;
};

struct Bound final : Worker { Bound() : Worker(true) {} };
struct Free final : Worker { Free() : Worker(false) {} };
}

HRESULT make_bound(const GUID &iid, void **out) { return made<Bound>(iid, out); }
HRESULT make_free(const GUID &iid, void **out) { return made<Free>(iid, out); }
