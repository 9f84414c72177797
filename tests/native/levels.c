/* Structs behind one star and two: who replaces what, and who frees it; for the tests of R1.9, R7.12 and R7.14. */
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct item { int32_t id; char *name; double weight; };

static struct item fixed = { 9, 0, 0.5 };
static int alive;

static struct item *made(int32_t id, const char *name, double weight)
{
    struct item *item = malloc(sizeof *item);
    item->id = id;
    item->name = name ? strdup(name) : 0;
    item->weight = weight;
    return item;
}

long heap(void) { struct mallinfo2 info = mallinfo2(); return (long)(info.uordblks + info.hblkhd); }

/* 3: two levels that lead somewhere, 1: a pointer to NULL, 0: NULL. */
int levels(struct item **p) { return p ? (*p ? 3 : 1) : 0; }
int level(struct item *p) { return p ? 1 : 0; }

/* Whether it is the item 7, "seven", 1.75. */
int is_seven(struct item **p)
{
    return (*p)->id == 7 && (*p)->name && strcmp((*p)->name, "seven") == 0 && (*p)->weight == 1.75;
}

void change(struct item **p) { (*p)->id = 70; (*p)->weight = 17.5; }
void spoil(struct item **p) { change(p); *p = &fixed; }
void put_null(struct item **p) { *p = 0; }
void put_fixed(struct item **p) { *p = &fixed; }
void put_literal(struct item **p) { *p = (struct item *)"an item, or what"; }

void rename_it(struct item **p)
{
    size_t length = strlen((*p)->name);
    char *name = malloc(length + 2);
    strcpy(name, (*p)->name);
    strcpy(name + length, "!");
    free((*p)->name);
    (*p)->name = name;
}

/* Frees what it was given, as [in, out, free] allows, and leaves another: of the same name when `name` is NULL. */
int replace(struct item **p, const char *name)
{
    int id = *p ? (*p)->id : 0;
    struct item *item = made(id + 1, name ? name : *p ? (*p)->name : "new", 2.5);
    if (*p) {
        free((*p)->name);
        free(*p);
    }
    *p = item;
    return id;
}

void take_away(struct item **p) { free((*p)->name); free(*p); *p = 0; }
int make(struct item **p, int id) { int was = *p != 0; *p = id ? made(id, "made here", 0.25) : 0; return was; }

/* With a counting deallocator: what was given stays the caller's. */
void counted_free(void *p) { if (p) alive--; free(p); }
int counted_alive(void) { return alive; }
void counted_replace(struct item **p) { alive++; *p = made((*p)->id + 1, "counted", 2.5); }
void move_name(struct item **p)
{
    struct item *item = made((*p)->id + 1, 0, 2.5);
    alive++;
    item->name = (*p)->name;
    *p = item;
}

void swap(struct item **a, struct item **b) { struct item *c = *a; *a = *b; *b = c; }
void both_first(struct item **a, struct item **b) { *b = *a; }
struct item *twice(struct item **p) { *p = made(5, "once", 0.5); return *p; }

int fails(struct item **p, int how)
{
    if (how == 1)
        replace(p, 0);
    if (how == 2)
        take_away(p);
    return how == 3 ? 0 : (int)0x80004005;
}

/* Shows an item of its own to a callback, and says what became of it: 1 the same struct, 2 another one, 0 none. */
int ask(int32_t (*f)(struct item **p), int id)
{
    struct item own = { id, 0, 1.5 }, *p = id ? &own : 0;
    int32_t answer = f(&p);
    int kind = p == 0 ? 0 : p == &own ? 1 : 2;
    int result = answer * 10000 + (p ? p->id * 10 : 0) + kind;
    if (p) free(p->name);
    if (kind == 2) free(p);
    return result;
}

