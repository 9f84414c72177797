// Events: a container with an early-bound and a late-bound connection point (R14.27, R14.28).
#include "counted.h"
#include "factory.h"
#include "faces.h"
#include "names.h"

#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

namespace {
const std::size_t MOST_SINKS = 8;
const int MOST_FAILURES = 3;
enum { ON_VALUE = 1, ON_TEXT = 2, ON_ASK = 3 };

struct Link { IUnknown *sink; uint32_t cookie; int failures; };

bool is_dead(HRESULT result) { return result == RPC_E_DISCONNECTED || result == (HRESULT)0x800706BA; }

class Connections final : public IEnumConnections, public Counted {
public:
    Connections(const std::vector<Link> &from, std::size_t at)
        : Counted(static_cast<void *>(this), sizeof(Connections)), links(from), next(at)
    {
        for (Link &link : links) link.sink->AddRef();
    }
    ~Connections() override { for (Link &link : links) link.sink->Release(); }
    COUNTED
    OFFERS(IEnumConnections)

    HRESULT Next(uint32_t count, CONNECTDATA *out, uint32_t *fetched) override
    {
        CALL;
        uint32_t given = 0;
        for (; given < count && next < links.size(); given++, next++) {
            links[next].sink->AddRef();
            out[given] = {links[next].sink, links[next].cookie};
        }
        if (fetched) *fetched = given;
        return given == count ? S_OK : S_FALSE;
    }
    HRESULT Skip(uint32_t count) override { CALL; next += count; return next <= links.size() ? S_OK : S_FALSE; }
    HRESULT Reset() override { CALL; next = 0; return S_OK; }
    HRESULT Clone(IEnumConnections **copy) override { CALL; *copy = new Connections(links, next); return S_OK; }

private:
    std::vector<Link> links;
    std::size_t next;
};

class Place final : public IConnectionPoint, public Counted {
public:
    Place(IConnectionPointContainer *container, const GUID &iid)
        : Counted(static_cast<void *>(this), sizeof(Place)), container(container), iid(iid) {}
    ~Place() override { for (Link &link : links) link.sink->Release(); }
    COUNTED
    OFFERS(IConnectionPoint)

    HRESULT GetConnectionInterface(GUID *out) override { CALL; *out = iid; return S_OK; }
    HRESULT GetConnectionPointContainer(IConnectionPointContainer **out) override
    {
        CALL;
        *out = container;
        if (!container) return E_UNEXPECTED;
        container->AddRef();
        return S_OK;
    }
    // It asks the sink for the interface itself: whatever pointer the caller gave.
    HRESULT Advise(IUnknown *sink, uint32_t *cookie) override
    {
        CALL;
        void *found = nullptr;
        *cookie = 0;
        if (!sink) return E_POINTER;
        if (sink->QueryInterface(iid, &found) != S_OK) return CONNECT_E_CANNOTCONNECT;
        std::lock_guard<std::mutex> held(guard);
        if (links.size() >= MOST_SINKS) {
            ((IUnknown *)found)->Release();
            return CONNECT_E_ADVISELIMIT;
        }
        links.push_back({(IUnknown *)found, *cookie = ++cookies, 0});
        return S_OK;
    }
    HRESULT Unadvise(uint32_t cookie) override
    {
        CALL;
        IUnknown *sink = removed(cookie);
        if (!sink) return CONNECT_E_NOCONNECTION;
        sink->Release();
        return S_OK;
    }
    HRESULT EnumConnections(IEnumConnections **out) override
    {
        CALL;
        std::lock_guard<std::mutex> held(guard);
        *out = new Connections(links, 0);
        return S_OK;
    }

    // Calls every sink that is there at the beginning and still there when its turn comes.
    template <class Fire> int32_t fire(Fire one, HRESULT *last)
    {
        int32_t called = 0;
        for (Link link : copied()) {
            void *found = nullptr;
            if (is_there(link.cookie) && link.sink->QueryInterface(iid, &found) == S_OK) {
                HRESULT result = one(found);
                ((IUnknown *)found)->Release();
                *last = result;
                called++;
                if (is_dead(result) && failed(link.cookie)) Unadvise(link.cookie);
            }
            link.sink->Release();
        }
        return called;
    }
    void leave() { container = nullptr; }

private:
    std::vector<Link> copied()
    {
        std::lock_guard<std::mutex> held(guard);
        for (Link &link : links) link.sink->AddRef();
        return links;
    }
    bool is_there(uint32_t cookie)
    {
        std::lock_guard<std::mutex> held(guard);
        return std::any_of(links.begin(), links.end(), [=](const Link &link) { return link.cookie == cookie; });
    }
    bool failed(uint32_t cookie)
    {
        std::lock_guard<std::mutex> held(guard);
        for (Link &link : links)
            if (link.cookie == cookie) return ++link.failures >= MOST_FAILURES;
        return false;
    }
    IUnknown *removed(uint32_t cookie)
    {
        std::lock_guard<std::mutex> held(guard);
        for (std::size_t i = 0; i < links.size(); i++)
            if (links[i].cookie == cookie) {
                IUnknown *sink = links[i].sink;
                links.erase(links.begin() + (long)i);
                return sink;
            }
        return nullptr;
    }

    std::mutex guard;
    std::vector<Link> links;
    uint32_t cookies = 100;
    IConnectionPointContainer *container;
    const GUID iid;
};

class Places final : public IEnumConnectionPoints, public Counted {
public:
    Places(Place *early, Place *late, std::size_t at)
        : Counted(static_cast<void *>(this), sizeof(Places)), places{early, late}, next(at)
    {
        for (Place *place : places) place->AddRef();
    }
    ~Places() override { for (Place *place : places) place->Release(); }
    COUNTED
    OFFERS(IEnumConnectionPoints)

    HRESULT Next(uint32_t count, IConnectionPoint **out, uint32_t *fetched) override
    {
        CALL;
        uint32_t given = 0;
        for (; given < count && next < 2; given++, next++) {
            places[next]->AddRef();
            out[given] = places[next];
        }
        if (fetched) *fetched = given;
        return given == count ? S_OK : S_FALSE;
    }
    HRESULT Skip(uint32_t count) override { CALL; next += count; return next <= 2 ? S_OK : S_FALSE; }
    HRESULT Reset() override { CALL; next = 0; return S_OK; }
    HRESULT Clone(IEnumConnectionPoints **copy) override { CALL; *copy = new Places(places[0], places[1], next); return S_OK; }

private:
    Place *places[2];
    std::size_t next;
};

class Source final : public ISource, public IConnectionPointContainer, public Counted {
public:
    Source() : Counted(static_cast<void *>(this), sizeof(Source)),
               early(new Place(this, ISourceEvents::IID)), late(new Place(this, IID_DSourceEvents)) {}
    ~Source() override
    {
        if (thread.joinable()) thread.join();
        for (Place *place : {early, late}) {
            place->leave();
            place->Release();
        }
    }
    COUNTED
    OFFERS(ISource, IConnectionPointContainer)

    HRESULT EnumConnectionPoints(IEnumConnectionPoints **points) override { CALL; *points = new Places(early, late, 0); return S_OK; }
    HRESULT FindConnectionPoint(const GUID &iid, IConnectionPoint **point) override
    {
        CALL;
        *point = iid == ISourceEvents::IID ? early : iid == IID_DSourceEvents ? late : nullptr;
        if (!*point) return CONNECT_E_NOCONNECTION;
        (*point)->AddRef();
        return S_OK;
    }

    HRESULT Fire(int32_t value, int32_t *sinks) override
    {
        CALL;
        *sinks = early->fire([=](void *sink) { return ((ISourceEvents *)sink)->OnValue(value); }, &last);
        return S_OK;
    }
    HRESULT FireLate(int32_t value, BSTR text, int32_t *sinks) override
    {
        CALL;
        *sinks = late->fire([=](void *sink) { return invoke((IDispatch *)sink, ON_TEXT, value, text); }, &last);
        return S_OK;
    }
    HRESULT FireFromThread(int32_t value, int32_t by_name) override
    {
        CALL;
        if (thread.joinable()) return E_UNEXPECTED;
        thread = std::thread([=] {
            number = thread_here();
            if (by_name) late->fire([=](void *sink) { return invoke((IDispatch *)sink, ON_VALUE, value, nullptr); }, &last);
            else early->fire([=](void *sink) { return ((ISourceEvents *)sink)->OnValue(value); }, &last);
        });
        return S_OK;
    }
    HRESULT Wait(int32_t *which) override
    {
        CALL;
        if (!thread.joinable()) return E_UNEXPECTED;
        thread.join();
        *which = number;
        return S_OK;
    }
    HRESULT Ask(int32_t value, int32_t *changed) override
    {
        CALL;
        early->fire([&](void *sink) { return ((ISourceEvents *)sink)->OnAsk(&value); }, &last);
        *changed = value;
        return S_OK;
    }
    HRESULT AskLate(int32_t value, int32_t *changed) override
    {
        CALL;
        late->fire([&](void *sink) {
            VARIANT argument;
            argument.vt = VT_BYREF | VT_I4;
            argument.i4_ref = &value;
            DISPPARAMS params = {&argument, nullptr, 1, 0};
            return ((IDispatch *)sink)->Invoke(ON_ASK, NONE, 0, DISPATCH_METHOD, &params, nullptr, nullptr, nullptr);
        }, &last);
        *changed = value;
        return S_OK;
    }
    HRESULT LastResult(HRESULT *result) override { CALL; *result = last; return S_OK; }

private:
    // OnValue(value), or OnText(value, text): the last argument comes first.
    static HRESULT invoke(IDispatch *sink, DISPID id, int32_t value, BSTR text)
    {
        VARIANT arguments[2];
        uint32_t count = 0;
        if (text) { arguments[0].vt = VT_BSTR; arguments[0].bstr = text; count++; }
        arguments[count].vt = VT_I4;
        arguments[count++].i4 = value;
        DISPPARAMS params = {arguments, nullptr, count, 0};
        return sink->Invoke(id, NONE, 0, DISPATCH_METHOD, &params, nullptr, nullptr, nullptr);
    }

    Place *early, *late;
    std::thread thread;
    int number = 0;
    HRESULT last = S_OK;
};
}

HRESULT make_source(const GUID &iid, void **out) { return made<Source>(iid, out); }
