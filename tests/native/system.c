/* System types of fixed size: what arrives is checked byte for byte against constants; nothing is only echoed. */
#include <stdint.h>
#include <string.h>

typedef double DATE;
typedef int64_t CURRENCY;
typedef uint32_t OLE_COLOR;
typedef int64_t FILETIME;
typedef int32_t HRESULT;
typedef struct { uint32_t Data1; uint16_t Data2, Data3; uint8_t Data4[8]; } GUID;
typedef struct { uint16_t wReserved; uint8_t scale, sign; uint32_t Hi32; uint64_t Lo64; } DECIMAL;

/* Copies of what came last, for the tests to look at. */
static uint8_t seen[64];

static void see(const void *value, size_t size) { memset(seen, 0xEE, sizeof seen); memcpy(seen, value, size); }
void last_seen(uint8_t *bytes) { memcpy(bytes, seen, sizeof seen); }

/* IValueTypes of R12.1: M1 to M4 take their value types by value. */
HRESULT M1(DATE value) { see(&value, sizeof value); return value == 36526.5 ? 0 : 1; }
HRESULT M2(GUID value) { see(&value, sizeof value); return value.Data1 == 0x00020400 && value.Data4[7] == 0x46 ? 0 : 1; }
HRESULT M3(DECIMAL value) { see(&value, sizeof value); return value.Lo64 == 12345 && value.sign == 0x80 ? 0 : 1; }
HRESULT M4(OLE_COLOR value) { see(&value, sizeof value); return value == 0x000080FF ? 0 : 1; }
int see_currency(CURRENCY value) { see(&value, sizeof value); return value == 52500; }
int see_filetime(FILETIME value) { see(&value, sizeof value); return value == 116444736000000000; }
HRESULT see_hresult(HRESULT value) { see(&value, sizeof value); return value; }

/* A value type between others, so that a wrong register class shows. */
int mixed(int a, DECIMAL d, double x, GUID g, DATE when, int b)
{
    return a == 1 && d.Lo64 == 15 && d.scale == 1 && x == 2.5 && g.Data2 == 0x0203 && when == 25569.0 && b == 7;
}

/* Results from bytes that the test chooses. */
static uint8_t stock[64];
void put(const uint8_t *bytes, int n) { memset(stock, 0, sizeof stock); memcpy(stock, bytes, n); }
#define GIVE(type, name) \
    type name(void) { type value; memcpy(&value, stock, sizeof value); return value; } \
    void name##_out(type *value) { memcpy(value, stock, sizeof *value); }
GIVE(DATE, give_date)
GIVE(CURRENCY, give_currency)
GIVE(OLE_COLOR, give_color)
GIVE(FILETIME, give_filetime)
GIVE(GUID, give_guid)
GIVE(DECIMAL, give_decimal)

/* By reference: what is there is checked, and replaced. */
int change_decimal(DECIMAL *value)
{
    static const uint8_t one_point_five[16] = {0, 0, 1, 0, 0, 0, 0, 0, 15};
    int same = memcmp(value, one_point_five, 16) == 0;
    value->sign = 0x80;
    value->Lo64 = 25;
    return same;
}
int change_guid(const GUID *value) { see(value, sizeof *value); return value != 0; }
int change_date(DATE *value) { int same = *value == 2.0; *value = -1.25; return same; }

/* Arrays: a checksum, so that the stride counts. */
double sum_dates(const DATE *values, int n) { double sum = 0; while (n--) sum += (n + 1) * values[n]; return sum; }
int64_t sum_decimals(const DECIMAL *values, int n) { int64_t sum = 0; while (n--) sum += (n + 1) * (int64_t)values[n].Lo64; return sum; }
void fill_guids(GUID *values, int n) { for (int i = 0; i < n; i++) { memset(&values[i], 0, 16); values[i].Data1 = i + 1; } }
void shift_dates(DATE *values, int n) { for (int i = 0; i < n; i++) values[i] += 1; }

/* As members. */
struct event {
    uint8_t tag; DATE when; GUID id; DECIMAL price; CURRENCY cost; OLE_COLOR color; FILETIME changed; HRESULT status; DATE days[2];
};
int check_event(const struct event *e)
{
    return e->tag == 7 && e->when == 25569.0 && e->id.Data4[0] == 0xC0 && e->price.Lo64 == 110 && e->price.scale == 2 && e->cost == -1
        && e->color == 0x80000005 && e->changed == 10 && e->status == (int32_t)0x80004005 && e->days[1] == 3.5;
}
int event_by_value(struct event e) { return check_event(&e); }
void fill_event(struct event *e)
{
    memset(e, 0, sizeof *e);
    e->when = 1.0; e->id.Data1 = 9; e->price.Lo64 = 1; e->price.scale = 3; e->cost = 10000; e->color = 255; e->status = 1; e->days[0] = 0.5;
}
int event_size(void) { return sizeof(struct event); }

/* Callbacks: the same types the other way. */
typedef GUID (*mirror)(GUID id, DECIMAL price, DATE when, OLE_COLOR color);
int call_mirror(mirror f)
{
    GUID id = {0x01020304, 0x0506, 0x0708, {1, 2, 3, 4, 5, 6, 7, 8}};
    DECIMAL price = {0, 2, 0x80, 0, 250};
    GUID back = f(id, price, 36526.5, 0x000080FF);
    return back.Data1 == 0x04030201 && back.Data4[7] == 8;
}
typedef DATE (*tick)(DATE when, DECIMAL *total);
double call_tick(tick f)
{
    DECIMAL total = {0, 1, 0, 0, 15};
    DATE next = f(2.0, &total);
    return total.Lo64 == 175 && total.scale == 2 ? next : -1;
}
int sizes(void) { return sizeof(DATE) | sizeof(OLE_COLOR) << 8 | sizeof(DECIMAL) << 16 | (int)sizeof(GUID) << 24; }
