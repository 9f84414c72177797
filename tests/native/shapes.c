/* A user of objects whose vtable has two slots behind Release, and whose results come through a pointer behind `this`. */
typedef struct Extent { double width, height, depth; } Extent;
typedef struct IMeasure {
    struct {
        int (*query)(struct IMeasure *, const void *, void **);
        unsigned (*add_ref)(struct IMeasure *);
        unsigned (*release)(struct IMeasure *);
        void *destructors[2];
        Extent *(*measure)(struct IMeasure *, Extent *, double);
    } *methods;
} IMeasure;

double measured(IMeasure *object, double scale)
{
    Extent box = {0};
    object->methods->add_ref(object);
    Extent *same = object->methods->measure(object, &box, scale);
    object->methods->release(object);
    return same == &box ? box.width + 10 * box.height + 100 * box.depth : -1;
}
