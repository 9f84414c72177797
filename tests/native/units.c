/* Truth values, characters and small numbers: C looks at the raw bits, because an echo alone proves nothing. */
#include <stdint.h>
#include <wchar.h>

typedef int32_t BOOL;
typedef int16_t VARIANT_BOOL;

static int entered;
int times_called(void) { return entered; }

/* -- truth values ------------------------------------------------------------------------------------------------ */

uint32_t bits_of_BOOL(BOOL value) { entered++; return (uint32_t)value; }
uint32_t bits_of_VARIANT_BOOL(VARIANT_BOOL value) { entered++; return (uint16_t)value; }
uint32_t bits_of_bool(unsigned char value) { entered++; return value; }
BOOL BOOL_of(int32_t bits) { return bits; }
VARIANT_BOOL VARIANT_BOOL_of(int16_t bits) { return bits; }
int32_t bool_with_garbage_above(void) { return 0x12345600; }  /* al is 0, the rest of eax is not */
int32_t all_bits_of(const BOOL *values, int n) {
    int32_t sum = 0;
    for (int i = 0; i < n; i++) sum = sum * 10 + values[i];
    return sum;
}
int32_t all_variant_bits_of(const VARIANT_BOOL *values, int n) {
    int32_t sum = 0;
    for (int i = 0; i < n; i++) sum += values[i] * (i + 1);
    return sum;
}
void invert(BOOL *values, int n) { for (int i = 0; i < n; i++) values[i] = values[i] ? 0 : 0x100; }
void negate_one(BOOL *value) { *value = !*value; }

struct switches { uint8_t tag; BOOL on; VARIANT_BOOL also; BOOL all[2]; unsigned char narrow; };
int32_t size_of_switches(void) { return (int32_t)sizeof(struct switches); }
int32_t check_switches(const struct switches *s) {
    return s->tag == 7 && s->on == 1 && s->also == -1 && s->all[0] == 0 && s->all[1] == 1 && s->narrow == 1;
}
void turn_switches(struct switches *s) { s->on = 0; s->also = 1; s->all[0] = 256; s->all[1] = 0; s->narrow = 0; }

/* -- characters -------------------------------------------------------------------------------------------------- */

char up(char c) { entered++; return (char)(c >= 'a' && c <= 'z' ? c - 32 : c); }
uint32_t unit_8(unsigned char c) { entered++; return c; }
uint32_t unit_16(uint16_t c) { entered++; return c; }
uint32_t unit_wide(wchar_t c) { entered++; return (uint32_t)c; }
char char_of(int code) { return (char)code; }
uint16_t char16_of(int code) { return (uint16_t)code; }
void next_char(uint16_t *c) { (*c)++; }
int get_text(uint16_t *buffer, int n) {
    const uint16_t text[] = {'h', 0xE9, 0xD83D};
    for (int i = 0; i < n && i < 3; i++) buffer[i] = text[i];
    return 3;
}
uint32_t sum_chars(const uint16_t *v, int n) { uint32_t s = 0; for (int i = 0; i < n; i++) s = s * 7 + v[i]; return s; }
void shout_chars(uint16_t *v, int n) { for (int i = 0; i < n; i++) if (v[i] >= 'a' && v[i] <= 'z') v[i] -= 32; }
struct letters { char narrow; uint16_t wide; uint16_t more[3]; };
int check_letters(const struct letters *l) {
    return l->narrow == 'n' && l->wide == 0x20AC && l->more[0] == 'a' && l->more[1] == 'b' && l->more[2] == 0;
}
struct letters make_letters(void) { struct letters l = {'x', 0xD83D, {'p', 'q', 'r'}}; return l; }
