// The records of objects, which outlive them, and the functions by which a test reads them.
#include "counted.h"

#include <map>
#include <mutex>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace {
struct Asked { GUID iid; int times; };

std::mutex guard;
std::vector<Record *> records;
}

struct Record {
    const char *begin, *end;
    int references, overlap;
    bool alive;
    std::map<int, int> inside;  // threads, and how deep each is in
    std::map<std::string, int> counts;
    std::vector<Asked> asked;
};

namespace {
void note(Record &record, const char *method) { record.counts[method]++; }
Record *numbered(int object) { return object >= 1 && object <= (int)records.size() ? records[object - 1] : nullptr; }
}

int thread_here() { return (int)syscall(SYS_gettid); }

Counted::Counted(const void *begin, std::size_t size)
    : record(new Record{(const char *)begin, (const char *)begin + size, 1, 0, true, {}, {}, {}})
{
    std::lock_guard<std::mutex> held(guard);
    records.push_back(record);
}

Counted::~Counted()
{
    std::lock_guard<std::mutex> held(guard);
    record->alive = false;
}

HRESULT Counted::query(const GUID &iid, void **out)
{
    if (!out) return E_POINTER;
    std::lock_guard<std::mutex> held(guard);
    note(*record, "QueryInterface");
    bool known = false;
    for (Asked &asked : record->asked)
        if (asked.iid == iid) { asked.times++; known = true; }
    if (!known) record->asked.push_back({iid, 1});
    *out = find(iid);
    if (!*out) return E_NOINTERFACE;
    record->references++;
    return S_OK;
}

ULONG Counted::take()
{
    std::lock_guard<std::mutex> held(guard);
    note(*record, "AddRef");
    return ++record->references;
}

ULONG Counted::give_back()
{
    ULONG left;
    {
        std::lock_guard<std::mutex> held(guard);
        note(*record, "Release");
        left = --record->references;
    }
    if (left == 0) delete this;
    return left;
}

Call::Call(const Counted &object, const char *method) : record(object.record)
{
    std::lock_guard<std::mutex> held(guard);
    note(*record, method);
    record->inside[thread_here()]++;
    if ((int)record->inside.size() > record->overlap) record->overlap = (int)record->inside.size();
}
Call::~Call()
{
    std::lock_guard<std::mutex> held(guard);
    auto here = record->inside.find(thread_here());
    if (--here->second == 0) record->inside.erase(here);
}

int Counted::overlap() const
{
    std::lock_guard<std::mutex> held(guard);
    return record->overlap;
}

extern "C" {
int component_live(void)
{
    std::lock_guard<std::mutex> held(guard);
    int live = 0;
    for (Record *record : records) live += record->alive;
    return live;
}
int component_last(void)
{
    std::lock_guard<std::mutex> held(guard);
    return (int)records.size();
}
int component_number(const void *pointer)
{
    std::lock_guard<std::mutex> held(guard);
    for (std::size_t i = records.size(); i > 0; i--)
        if (records[i - 1]->alive && pointer >= records[i - 1]->begin && pointer < records[i - 1]->end) return (int)i;
    return 0;
}
int component_alive(int object)
{
    std::lock_guard<std::mutex> held(guard);
    Record *record = numbered(object);
    return record && record->alive;
}
int component_references(int object)
{
    std::lock_guard<std::mutex> held(guard);
    int sum = 0;
    if (object) return numbered(object) ? numbered(object)->references : 0;
    for (Record *record : records) sum += record->references;
    return sum;
}
int component_count(int object, const char *method)
{
    std::lock_guard<std::mutex> held(guard);
    Record *record = numbered(object);
    return record && record->counts.count(method) ? record->counts[method] : 0;
}
int component_asked(int object, const GUID *iid)
{
    std::lock_guard<std::mutex> held(guard);
    Record *record = numbered(object);
    if (record)
        for (Asked &asked : record->asked)
            if (asked.iid == *iid) return asked.times;
    return 0;
}

// Drops the records of objects that are gone: the numbers of later ones begin anew when none is left.
void component_forget(void)
{
    std::lock_guard<std::mutex> held(guard);
    while (!records.empty() && !records.back()->alive) {
        delete records.back();
        records.pop_back();
    }
}
}
